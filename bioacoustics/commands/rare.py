"""Find out whether generated sound helps a classifier of classes with few recordings.

rare SET --out runs/rare                       an adapter, generated clips, a filter, classifiers each way, a report
rare SET --generated FOLDER --out runs/rare    with clips that were generated elsewhere, one folder a class

A stopped run goes on with the same command.  The result is reported as it is, gain or not; labels shuffled among the
generated clips are the control.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from spectrogram.exits import ended


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        "python -m bioacoustics rare", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = made.add_argument
    add("where", type=Path, metavar="SET", help="a labelled table or folder, as the dataset builder reads it")
    add("--out", type=Path, required=True, metavar="DIR")
    add("--clips", type=int, default=5, help="recordings a class that teach; the others test (default 5)")
    add("--classes", default="", metavar="A,B", help="default: all with enough recordings")
    add("--generated", type=Path, metavar="FOLDER", help="ready generated clips, one folder a class")
    add("--count", type=int, default=20, help="clips generated a class (default 20)")
    add("--adapter-steps", type=int, default=300, help="training steps of the adapter (default 300)")
    add("--base", help="base model (default: the embedded one)")
    add("--network", choices=("cnn", "crnn", "linear"), default="cnn")
    add("--embedder", default="sd-audio-cnn-v1", help="what a linear classifier stands on")
    add("--steps", type=int, default=200, help="training steps of a classifier (default 200)")
    add("--seeds", type=int, default=3, help="classifiers taught each way (default 3)")
    add("--filter-embedder", default="sd-audio-cnn-v1", help="what the filter stands on (default sd-audio-cnn-v1)")
    add("--filter-weights", help="its weights, for those that do not come with this project")
    add("--until", choices=("adapter", "generated", "report"), default="report", help="end after this stage")
    add("--seed", type=int, default=0)
    return made


def main(argv: list[str]) -> int:
    options = parser().parse_args(argv)
    return ended(lambda: run(options))


def run(options: argparse.Namespace) -> int:
    from bioacoustics.rare.loop import Plan, run_loop

    values = vars(options) | {"classes": tuple(name for name in options.classes.split(",") if name)}
    result = run_loop(Plan(**values), said)
    if result is None:
        print(f"{options.until} is in {options.out}; the same command without --until goes on")
        return 0
    for row in result["rows"]:
        figure, gain = row["macro_auroc"], row["gain"]
        told = f"AUROC {figure['value']:.3f}, gain {gain['value']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f})"
        print(f"{row['way']:<34} {told}")
    print(result["verdict"])
    print(f"report: {options.out / 'report.html'}")
    return 0


def said(stage: str, done: int, total: int) -> None:
    end = "\n" if done == total else ""
    print(f"\r{stage}: {done} of {total}", end=end, file=sys.stderr, flush=True)
