"""Kill a build with SIGKILL at 20 random moments, and compare every byte with an uninterrupted build.

    python -m benchmarks.dataset.kills ../shared/data/esc10 --kills 20

Each run is a process of its own (forked, so that its libraries are loaded already) that goes on where the killed one
stopped; the moment is drawn evenly over the length of an uninterrupted build.  A run that ends before its moment is
compared too, and the next one begins from nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from dataset_builder.commands import build
from spectrogram.codec import SpectrogramCodec
from spectrogram.params import SpectrogramParams

NAME = "sd-audio-spectrograms"
GOOD = (0, 3)


def started(source: Path, folder: Path) -> int:
    """The pid of a forked process that builds ``source`` in ``folder`` as the command does."""
    pid = os.fork()
    if pid:
        return pid
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.chdir(folder)
    os._exit(build.main([str(source), "--out", NAME, "--workers", "2"]))


def preload() -> None:
    """Load and compile what a build needs, so that no moment falls into imports."""
    codec = SpectrogramCodec(SpectrogramParams.preset("mini"))
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, (1, codec.params.clip_samples)).astype(np.float32)
    codec.decode(codec.encode(noise, codec.params.sample_rate_hz))


def ended(pid: int, wait_s: float) -> bool:
    """True when the process ends well within ``wait_s``; raises RuntimeError when it fails."""
    stop = time.monotonic() + wait_s
    while time.monotonic() < stop:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            if os.waitstatus_to_exitcode(status) not in GOOD:
                raise RuntimeError(f"a build ended with {os.waitstatus_to_exitcode(status)}")
            return True
        time.sleep(0.002)
    return False


def stage(folder: Path) -> str:
    """How far a killed build had come, read from what it left."""
    work = folder / f".{NAME}.work"
    if (work / "finished").is_dir():
        return "while writing shards and card"
    if (folder / NAME).exists():
        return "after publishing"
    pieces = len(list(work.glob("*/pieces/*.parquet")))
    return f"with {pieces} pieces done" if work.is_dir() else "before its first file"


def digest(folder: Path) -> str:
    paths = sorted(path for path in (folder / NAME).rglob("*") if path.is_file())
    key = hashlib.sha256()
    for path in paths:
        key.update(str(path.relative_to(folder)).encode() + hashlib.sha256(path.read_bytes()).digest())
    return key.hexdigest()[:16]


def emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    source, rng = options.source.resolve(), random.Random(options.seed)
    preload()
    with tempfile.TemporaryDirectory() as name:
        whole, broken = emptied(Path(name) / "whole"), emptied(Path(name) / "broken")
        begin = time.monotonic()
        ended(started(source, whole), 600)
        length_s, wanted = time.monotonic() - begin, digest(whole)
        stages, results = Counter(), []
        while stages.total() < options.kills:
            pid = started(source, broken)
            if ended(pid, rng.uniform(0, length_s)):
                results.append(digest(broken))
                emptied(broken)
                continue
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            stages[stage(broken)] += 1
        ended(started(source, broken), 600)
        results.append(digest(broken))
        same = set(results) == {wanted}
        moments = ", ".join(f"{count} x {where}" for where, count in stages.items())
        print(f"an uninterrupted build takes {length_s:.1f} s; killed {moments}")
        print(f"{options.kills} kills, {len(results)} datasets finished: {'byte-identical' if same else 'DIFFERENT'}")
        return 0 if same else 1


if __name__ == "__main__":
    raise SystemExit(main())
