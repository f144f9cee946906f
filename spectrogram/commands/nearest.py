"""`python -m spectrogram nearest out.wav --among my-clips/`: does the model repeat its training set?"""

import argparse
from pathlib import Path

from spectrogram import json_text


def add_arguments(parser: argparse.ArgumentParser):
    add = parser.add_argument
    add("sounds", nargs="+", type=Path, metavar="SOUND", help="sounds to check")
    add("--among", type=Path, required=True, metavar="FOLDER", help="the clips that the model was trained on")
    add("--count", type=int, default=3, help="neighbours to name (%(default)s)")
    add("--json", action="store_true", help="print one JSON object a sound instead of sentences")


def run(options: argparse.Namespace) -> int:
    from spectrogram.ears.nearest import find_nearest

    for sound in options.sounds:
        found = find_nearest(sound, options.among, options.count)
        rows = [{"path": str(n.path), "likeness": n.likeness, "offset_s": n.offset_s} for n in found.neighbours]
        if options.json:
            told = {"sound": str(sound), "suspicious": found.suspicious, "usual": found.usual, "nearest": rows}
            print(json_text.dumps(told))
            continue
        usual = "" if found.usual is None else f", usual among the clips themselves: up to {found.usual:.2f}"
        print(f"{sound}: {'listen, it may be a copy' if found.suspicious else 'no copy found'}{usual}")
        for row in rows:
            print(f"  {row['likeness']:.2f}  {row['path']}  (from {row['offset_s']:.2f} s)")
    return 0
