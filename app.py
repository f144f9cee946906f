"""The Space: `python app.py` opens the page on http://127.0.0.1:7860 with the embedded base model."""

# ZeroGPU patches torch when `spaces` is imported: it must be first.
import spaces  # noqa: F401, I001

import argparse
import os
import sys
import tempfile
from pathlib import Path

from spectrogram.problems import Problem


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Open the Space on this machine.")
    parser.add_argument(
        "--base", default=os.environ.get("SPACE_BASE"), help="folder or Hub name (the embedded model when left out)"
    )
    parser.add_argument("--adapters", type=Path, default=Path("runs"), help="folder of adapters (%(default)s)")
    parser.add_argument("--device", help="cuda, mps or cpu")
    parser.add_argument("--port", type=int, help="7860 or the next free one when left out")
    return parser.parse_args()


def main() -> int:
    options = parse_arguments()
    from space.clips import ClipStore
    from space.engine import Engine
    from space.interface import build_interface, launch_settings

    try:
        engine = Engine(options.base, options.adapters, options.device)
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return problem.exit_code
    with tempfile.TemporaryDirectory(prefix="spectrogram-space-") as folder:
        store = ClipStore(Path(folder) / "clips")
        build_interface(engine, store).launch(**launch_settings(store, options.port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
