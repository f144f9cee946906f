"""The default driver: pieces built by a few processes of this machine, with one progress figure for all."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from pathlib import Path

from dataset_builder.pieces import build_shard

FEW_ENTRIES = 300
_shared = {}


def build(folder: Path, entries: int, workers: int | None, report: Callable[[int], None]) -> None:
    """Build all pieces below ``folder``; ``workers`` None = all cores, one for a small set (starting costs 2 s).

    ``report`` is told how many entries are finished so far.
    """
    workers = workers or (1 if entries < FEW_ENTRIES else os.cpu_count() or 1)
    if workers == 1:
        done = [0]

        def count(finished: int) -> None:
            done[0] += finished
            report(done[0])

        build_shard(folder, 0, 1, count)
    else:
        build_in_processes(folder, workers, report)


def build_in_processes(folder: Path, workers: int, report: Callable[[int], None]) -> None:
    context = multiprocessing.get_context("spawn")
    counter = context.Value("q", 0)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=share, initargs=(counter, os.getpid())) as pool:
        ranks = [pool.submit(build_rank, folder, rank, workers) for rank in range(workers)]
        pending = set(ranks)
        while pending:
            _, pending = wait(pending, timeout=0.2, return_when=FIRST_EXCEPTION)
            report(counter.value)
            for rank in ranks:
                if rank.done():
                    rank.result()


def share(counter, parent: int) -> None:
    _shared.update(counter=counter, parent=parent)


def build_rank(folder: Path, rank: int, world: int) -> int:
    return build_shard(folder, rank, world, count_and_watch)


def count_and_watch(finished: int) -> None:
    """Count finished entries; end at once when the parent was killed, so that no orphan works on."""
    if os.getppid() != _shared["parent"]:
        os._exit(1)
    with _shared["counter"].get_lock():
        _shared["counter"].value += finished
