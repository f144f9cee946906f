"""`python -m metrics.judge_training.train FOLDER [FOLDER ...] --out DIR`: trains the judge of generated sound.

Each folder has a metadata.csv with file_name, label, licence and source_id; only CC0, CC BY and public domain are used.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress, track

from metrics.judge_training import fitting, weights
from metrics.judge_training.clips_in_memory import load_clips
from metrics.judge_training.examples import read_examples
from spectrogram.problems import Problem

NAME = "sd-audio-cnn-v1"


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m metrics.judge_training.train", description=__doc__.split(": ", 1)[1]
    )
    parser.add_argument(
        "folders", nargs="+", type=Path, help="training folders; 20 %% of their recordings are held out"
    )
    parser.add_argument("--test", nargs="*", type=Path, default=[], help="folders that are only tested on")
    parser.add_argument("--out", type=Path, required=True, help="folder for the weights and their card")
    parser.add_argument("--name", default=NAME)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--decoded-share", type=float, default=0.35, help="share of clips also heard through the codec")
    parser.add_argument(
        "--real-weight", type=float, default=4.0, help="how much oftener real than composed clips are drawn"
    )
    parser.add_argument("--least-clips", type=int, default=20)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """0 done, 2 and 4 usage or input."""
    options = build_parser().parse_args(arguments)
    try:
        run(options)
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return problem.exit_code
    return 0


def run(options) -> Path:
    """Reads, trains, tests, and writes weights and card; returns the card's path."""
    console = Console()
    examples, drops = read_examples(options.folders, least_clips=options.least_clips)
    classes = tuple(sorted({name for example in examples for name in example.classes}))
    # Composed clips need no held-out share where folders of other seeds are given for testing.
    training = [e for e in examples if not e.held_out or (options.test and not e.real)]
    chosen = set(training)
    testing = [e for e in examples if e not in chosen]
    if options.test:
        testing += [e for e in read_examples(options.test, 1.0, 1)[0] if set(e.classes) <= set(classes)]
    console.print(
        f"{len(training)} training and {len(testing)} test clips, {len(classes)} classes, dropped {dict(drops)}"
    )
    train_clips = _load(training, classes, options.decoded_share, options.seed)
    draws = np.where(train_clips.real, options.real_weight, 1.0)
    with TrainingBar(options.steps, console) as on_step:
        model = fitting.fit(train_clips, draws, options.steps, options.batch, options.seed, on_step)
    test_clips = _load(testing, classes, 1.0, options.seed)
    figures = {"test": fitting.test_figures(model, test_clips), "by_class": fitting.recall_by_class(model, test_clips)}
    for name, figure in figures["test"].items():
        console.print(f"{name}: {figure['accuracy']:.1%} of {figure['n']}")
    settings = {name: str(value) for name, value in vars(options).items() if name not in ("folders", "test", "out")}
    settings["cpu_seconds"] = round(time.process_time())
    return weights.save(model, classes, options.out, options.name, settings, figures, training)


def _load(examples, classes, decoded_share: float, seed: int):
    steps = iter(track(range(len(examples)), description="reading clips"))
    next(steps, None)
    return load_clips(examples, classes, decoded_share, seed, lambda: next(steps, None))


class TrainingBar:
    """A progress bar over training steps that also shows the loss."""

    def __init__(self, total: int, console):
        self.progress = Progress(console=console)
        self.task = self.progress.add_task("training", total=total)

    def __enter__(self):
        self.progress.start()
        return self.advance

    def __exit__(self, *error):
        self.progress.stop()

    def advance(self, step: int, loss: float) -> None:
        self.progress.update(self.task, completed=step + 1, description=f"training, loss {loss:.2f}")


if __name__ == "__main__":
    sys.exit(main())
