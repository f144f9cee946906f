"""The default driver: pieces built by this process and a few more, with one progress figure for all.

Nobody owns a share: whoever is free takes the next piece.  This process has its libraries loaded and begins at once,
the others join a second later, so that little time is lost to their start and none to a slow one at the end.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from dataset_builder.making.piece import build_pieces, planned_pieces

FEW_ENTRIES = 300
_shared = {}


def build(folders: list[Path], entries: int, workers: int | None, report: Callable[[int], None]) -> None:
    """Build all pieces planned in ``folders``; ``workers`` None = all cores, one for a small set (starting costs 1 s).

    ``report`` is told how many entries are finished so far, summed over the folders.
    """
    workers = workers or (1 if entries < FEW_ENTRIES else os.cpu_count() or 1)
    pieces = [(folder, path) for folder in folders for path in planned_pieces(folder)]
    context = multiprocessing.get_context("spawn")
    share(context.Value("q", 0), context.Value("q", 0), report)
    if workers == 1:
        build_claimed(pieces)
        return
    others = (_shared["taken"], _shared["finished"])
    with ProcessPoolExecutor(workers - 1, mp_context=context, initializer=join_in, initargs=others) as pool:
        running = [pool.submit(build_claimed, pieces) for _ in range(workers - 1)]
        build_claimed(pieces)
        for other in running:
            other.result()
            report(_shared["finished"].value)


def share(taken, finished, report: Callable[[int], None] | None = None) -> None:
    _shared.update(taken=taken, finished=finished, report=report)


def join_in(taken, finished) -> None:
    """What another process does first: share the counters, and end at once when the parent is killed."""
    share(taken, finished)
    threading.Thread(target=end_with_parent, daemon=True).start()


def end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


def build_claimed(pieces: list[tuple[Path, Path]]) -> None:
    """Build pieces until none is left; a fault in one process leaves nothing for the others to begin."""
    try:
        build_pieces(claimed(pieces), count)
    except BaseException:
        with _shared["taken"].get_lock():
            _shared["taken"].value = len(pieces)
        raise


def claimed(pieces: list[tuple[Path, Path]]) -> Iterator[tuple[Path, Path]]:
    while True:
        with _shared["taken"].get_lock():
            number = _shared["taken"].value
            _shared["taken"].value += 1
        if number >= len(pieces):
            return
        yield pieces[number]


def count(finished: int) -> None:
    with _shared["finished"].get_lock():
        _shared["finished"].value += finished
        total = _shared["finished"].value
    if _shared["report"]:
        _shared["report"](total)
