"""The bytes of a weights file depend on what it holds: two runs of the same settings give the same hash."""

import subprocess
import sys

WRITES = """
import hashlib, sys
from pathlib import Path
import torch
from spectrogram.adapters.safetensors_file import write
names = {"alpha", "rank", "targets", "base", "spectrogram_params", "format", "trigger", "licence"}
path = write(Path(sys.argv[1]), {name: torch.ones(2) for name in sorted(names)}, {name: name for name in names})
print(hashlib.sha256(path.read_bytes()).hexdigest())
"""


def written(folder, seed: int) -> str:
    """The hash of a file that a process of its own writes, whose sets have another order for each seed."""
    words = [sys.executable, "-c", WRITES, str(folder / f"{seed}.safetensors")]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": str(seed)})
    return done.stdout.strip()


def test_a_file_has_the_same_hash_whatever_the_order_of_a_set(tmp_path):
    assert len({written(tmp_path, seed) for seed in (1, 2, 3)}) == 1
