"""The Space: `python app.py` opens the page on http://127.0.0.1:7860 with the embedded base model."""

# ZeroGPU patches torch when `spaces` is imported: it must be first.
import spaces  # noqa: F401, I001

import argparse
import os
import sys
import tempfile
from pathlib import Path

from spectrogram.problems import Problem

HOME = Path(__file__).resolve().parent


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Open the Space on this machine.")
    parser.add_argument(
        "--base", default=os.environ.get("SPACE_BASE"), help="folder or Hub name (the embedded model when left out)"
    )
    parser.add_argument(
        "--adapters", type=Path, default=HOME / "runs", help="folder of adapters (runs/ beside app.py when left out)"
    )
    parser.add_argument(
        "--datasets",
        type=Path,
        default=HOME / "datasets",
        help="where the page builds datasets (datasets/ beside app.py)",
    )
    parser.add_argument("--show", type=Path, nargs="*", default=[], help="further built datasets to browse")
    parser.add_argument("--device", help="cuda, mps or cpu")
    parser.add_argument("--port", type=int, help="7860 or the next free one when left out")
    return parser.parse_args()


def main() -> int:
    options = parse_arguments()
    from space.engine.memory import keep_flat

    keep_flat()
    from space.engine.engine import Engine
    from space.interface import build_interface, launch_settings
    from space.store.clips import ClipStore
    from space.store.places import Places

    try:
        engine = Engine(options.base, options.adapters, options.device)
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return problem.exit_code
    with tempfile.TemporaryDirectory(prefix="spectrogram-space-") as folder:
        store = ClipStore(Path(folder) / "clips")
        places = Places(options.adapters, options.datasets, options.show)
        build_interface(engine, store, places).launch(**launch_settings(store, options.port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
