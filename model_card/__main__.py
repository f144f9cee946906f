"""Command line: ``python -m model_card runs/NAME --results results.json`` writes the adapter's README.

``python -m model_card push runs/NAME USER/NAME`` commits it with weights and samples to the Hub.
"""

import argparse
import sys
from pathlib import Path

from spectrogram.exits import ended
from spectrogram.shell import page

PROGRAM = "python -m model_card"


def build_parser():
    parser = argparse.ArgumentParser(prog="python -m model_card", description="Write the README of a trained adapter.")
    parser.add_argument("run", type=Path, help="folder of the run, e.g. runs/owl")
    parser.add_argument("--results", type=Path, help="results.json that python -m metrics wrote")
    parser.add_argument("--out", type=Path, help="another place for the card than RUN/README.md")
    return parser


def main(argv=None):
    """Run the command line; returns the exit code (0 written, 2 usage, 4 unusable input, 5 the Hub refuses)."""
    from model_card import adapter_card
    from model_card.facts import gather

    argv = list(sys.argv[1:] if argv is None else argv)
    if argv[:1] == ["push"]:
        from model_card.push import main as push

        return ended(lambda: push(argv[1:]), PROGRAM)
    arguments = build_parser().parse_args(argv)

    def write() -> int:
        path = adapter_card.write(gather(arguments.run, arguments.results), arguments.out)
        print(f"card in {path}\nnext: {page(arguments.run.parent)}")
        return 0

    return ended(write, PROGRAM)


if __name__ == "__main__":
    sys.exit(main())
