"""Kill a build with SIGKILL at random moments until it is done, and compare every byte with an uninterrupted build.

    python -m benchmarks.dataset_kills ../shared/data/esc10 --kills 20

A kill that hits while nothing was built yet still counts; each run goes on where the killed one stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NAME = "sd-audio-spectrograms"


def start(source: Path, folder: Path) -> subprocess.Popen:
    folder.mkdir(exist_ok=True)
    line = [sys.executable, "-m", "dataset_builder", str(source), "--out", NAME, "--workers", "2"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    return subprocess.Popen(line, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def finished_pieces(folder: Path) -> int:
    return len(list((folder / f".{NAME}.work" / "pieces").glob("*.parquet")))


def digest(folder: Path) -> str:
    paths = sorted(path for path in (folder / NAME).rglob("*") if path.is_file())
    key = hashlib.sha256()
    for path in paths:
        key.update(str(path.relative_to(folder)).encode() + hashlib.sha256(path.read_bytes()).digest())
    return key.hexdigest()[:16]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    source, rng = options.source.resolve(), random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        whole, killed = Path(name) / "whole", Path(name) / "killed"
        begin = time.monotonic()
        if start(source, whole).wait() not in (0, 3):
            return 1
        length_s = time.monotonic() - begin
        moments = []
        for _ in range(options.kills):
            run = start(source, killed)
            try:
                run.wait(rng.uniform(0.1, 1.1) * length_s)
            except subprocess.TimeoutExpired:
                run.kill()
                run.wait()
            moments.append(f"{finished_pieces(killed)}{'' if run.returncode < 0 else ' done'}")
        start(source, killed).wait()
        same = digest(whole) == digest(killed)
        print(f"uninterrupted: {length_s:.1f} s; pieces finished at each kill: {', '.join(moments)}")
        print(f"{options.kills} kills: the dataset is {'byte-identical' if same else 'DIFFERENT'}")
        return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
