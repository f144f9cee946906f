"""Find when each class sounds, in recordings of hours and folders of them.

detect RECORDINGS --model runs/classifier --out detections
detect RECORDINGS --model runs/classifier --tune ANNOTATED --precision 0.9 --out detections
detect ANNOTATED --model runs/classifier --truth --out detections       event-based F1 against the annotation files
detect RECORDINGS ... --rank 3 --world 8                                one share of the recordings, for any scheduler

Recordings that are done are skipped, so the same command goes on.  Each share writes files of its own recordings only.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dataset_builder.commands.build import progress
from spectrogram.exits import ended
from spectrogram.files import json_file
from spectrogram.files.annotations import FORMATS
from spectrogram.files.texts import encodings
from spectrogram.help_groups import in_groups
from spectrogram.problems import PARTIAL_EXIT_CODE, Problem, UsageProblem

FIRST = ("--model", "--out", "--formats", "--threshold", "--tune", "--annotations", "--truth", "--workers")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        "python -m bioacoustics detect", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = made.add_argument
    add("recordings", type=Path, help="a file, or a folder of them")
    add("--model", type=Path, required=True, metavar="DIR", help="what learn classifier wrote")
    add("--out", type=Path, required=True, metavar="DIR")
    add("--formats", default="raven,birdnet", help=f"some of {', '.join(FORMATS)} (default raven,birdnet)")
    add("--hop", type=float, metavar="S", help="from one window to the next (default: a quarter of the window)")
    add("--threshold", type=float, default=0.5, help="of every class, where none is tuned (default 0.5)")
    add("--tune", type=Path, metavar="ANNOTATED", help="recordings with annotation files, to set thresholds on")
    add("--precision", type=float, metavar="P", help="with --tune: thresholds for this precision (default: best F1)")
    add("--annotations", type=Path, metavar="DIR", help="where annotation files lie (default: beside the recordings)")
    add("--truth", action="store_true", help="compare with the recordings' own annotation files")
    add("--iou", type=float, default=0.3, help="overlap from which an event counts as found (default 0.3)")
    add("--workers", type=int, default=1, help="processes (default 1)")
    add("--rank", type=int, default=0, help="which share of the recordings (default 0)")
    add("--world", type=int, default=1, help="of how many (default 1)")
    add("--weights", help="weights of the embedder that a linear head stands on")
    encodings.add_argument(made)
    return in_groups(made, *FIRST)


def main(argv: list[str]) -> int:
    options = parser().parse_args(argv)
    return ended(lambda: run(options), encoding=options.encoding)


def run(options: argparse.Namespace) -> int:
    from bioacoustics.detection.recordings import Job, detect_all, tuned
    from bioacoustics.separation.sounds import audio_files

    kinds = tuple(dict.fromkeys(kind for kind in options.formats.split(",") if kind))
    unknown = sorted(set(kinds) - set(FORMATS))
    if unknown or not kinds:
        raise UsageProblem(f"--formats {options.formats}", f"some of {', '.join(FORMATS)}", "correct it")
    if not 0 <= options.rank < options.world:
        raise UsageProblem(f"--rank {options.rank} of --world {options.world}", "0 to world - 1", "correct it")
    files = audio_files(options.recordings)[options.rank :: options.world]
    root = options.recordings if options.recordings.is_dir() else options.recordings.parent
    thresholds = tuned(options) if options.tune else None
    job = Job(options.model, options.out, root, kinds, options.hop, options.threshold, thresholds, options.weights)
    failed, done = [], []
    with progress(len(files), "recordings") as report:
        for number, outcome in enumerate(detect_all(files, job, options.workers), 1):
            if isinstance(outcome, Problem):
                failed.append(outcome)
                print(f"error: {outcome}", file=sys.stderr)
            else:
                done.append(outcome)
            report(number)
    hours = sum(one["seconds"] for one in done) / 3600
    events = sum(one["events"] for one in done)
    print(f"{events} events in {hours:.2f} hours of {len(done)} recordings, in {options.out}")
    if options.truth:
        print(compared(options, done))
    return PARTIAL_EXIT_CODE if failed else 0


def compared(options: argparse.Namespace, done: list[dict]) -> str:
    """Write figures.json of the events against the annotation files; the sentence that says it."""
    from bioacoustics.detection.events import event_figures
    from bioacoustics.detection.recordings import events_in
    from spectrogram.files.annotations import annotation_file_of, read_annotations

    pairs = []
    for one in done:
        table = annotation_file_of(Path(one["file"]), options.annotations)
        if table:
            pairs.append((events_in(one), read_annotations(table)))
    if not pairs:
        raise UsageProblem("no recording has annotations", "files of the same stem beside it", "pass --annotations DIR")
    facts = event_figures(pairs, options.iou) | {"recordings": len(pairs)}
    json_file.write(options.out / "figures.json", facts)
    return f"event F1 {facts['event_f1']:.3f} ({facts['low']:.3f} to {facts['high']:.3f}) over {len(pairs)} recordings"
