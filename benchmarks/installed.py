"""`python -m benchmarks.installed`: how large the environment is on disk, and how much of it only a CUDA card needs."""

import argparse
import json
import platform
import re
import sys
from importlib import metadata
from pathlib import Path

CUDA = re.compile(r"nvidia|cuda|triton", re.IGNORECASE)


def measure() -> dict:
    """Gigabytes of all installed distributions and of those that hold CUDA alone, by their own lists of files."""
    sizes = {one.name: _bytes_of(one) for one in metadata.distributions()}
    return {
        "system": platform.system(),
        "python": platform.python_version(),
        "packages": len(sizes),
        "gigabytes": sum(sizes.values()) / 1e9,
        "cuda_gigabytes": sum(size for name, size in sizes.items() if CUDA.match(name)) / 1e9,
    }


def _bytes_of(distribution) -> int:
    paths = (Path(distribution.locate_file(file)) for file in distribution.files or ())
    return sum(path.stat().st_size for path in paths if path.is_file())


def main() -> int:
    """Print the figures, and write them with ``--json``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.installed", description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()
    text = json.dumps(measure(), indent=1, allow_nan=False)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
