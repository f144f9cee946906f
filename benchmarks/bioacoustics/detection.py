"""`python -m benchmarks.bioacoustics.detection ../shared/data`: event F1 and speed on two hours of recordings.

Composed recordings: calls of other source recordings than the training's, over backgrounds of kinds and recordings that
neither training nor thresholds met.  What is in --work is kept, so a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import torch

from benchmarks.bioacoustics.long_recordings import BACKGROUNDS, CLASSES, RATE_HZ, compose
from bioacoustics.classifiers.model_files import CARD
from bioacoustics.classifiers.teaching import Request, teach
from bioacoustics.detection.events import event_figures
from bioacoustics.detection.recordings import Job, detect_all, events_in, tuned
from spectrogram.files import json_file
from spectrogram.files.annotations import annotation_file_of, read_annotations

FIGURES = Path(__file__).parents[2] / "docs" / "figures" / "bioacoustics"
SECONDS, HOP_S = 0.64, 0.16
LEARN, TUNE, TEST = (24, 150.0), (12, 150.0), (24, 300.0)
LEAST_F1_IOU, LEAST_SPEED = 0.3, 100.0


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, default=Path("runs/bioacoustics/detection"))
    parser.add_argument("--network", choices=("cnn", "crnn"), default="cnn")
    parser.add_argument("--steps", type=int, default=700)
    parser.add_argument("--until", choices=("composed", "taught", "detected"), default="detected")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    learn = compose(options.data, options.work / "learn", "learn", *LEARN, seed=0)
    compose(options.data, options.work / "tune", "learn", *TUNE, seed=1)
    test = compose(options.data, options.work / "test", "test", *TEST, seed=2)
    if options.until == "composed":
        return
    model = options.work / options.network
    if not (model / CARD).is_file():
        teach(
            Request(
                where=learn[0].parent,
                out=model,
                network=options.network,
                seconds=SECONDS,
                steps=options.steps,
                batch=64,
                hz=RATE_HZ,
                annotated=True,
            ),
            said,
        )
    if options.until == "taught":
        return
    asked = SimpleNamespace(model=model, weights=None, hop=HOP_S, tune=options.work / "tune", precision=None)
    thresholds = tuned(asked)
    out = options.work / "found"
    shutil.rmtree(out, ignore_errors=True)
    job = Job(model, out, test[0].parent, ("raven", "birdnet"), HOP_S, thresholds=thresholds)
    started = time.process_time()
    done = list(detect_all(test, job))
    took = time.process_time() - started
    pairs = [(events_in(one), read_annotations(annotation_file_of(Path(one["file"])))) for one in done]
    seconds = sum(one["seconds"] for one in done)
    speed = seconds / took
    result = {
        "network": options.network,
        "hours": round(seconds / 3600, 3),
        "recordings": len(test),
        "events": sum(len(truth) for _, truth in pairs),
        "backgrounds": BACKGROUNDS,
        "classes": CLASSES,
        "thresholds": dict(thresholds),
        "times_real_time_on_one_core": round(speed, 1),
        "speed_to_limit": round(speed / LEAST_SPEED, 2),
        "figures": event_figures(pairs, LEAST_F1_IOU),
        "figures_at_half_overlap": event_figures(pairs, 0.5),
    }
    FIGURES.mkdir(parents=True, exist_ok=True)
    json_file.write(FIGURES / "detection.json", result)
    f1 = result["figures"]
    print(
        f"event F1 {f1['event_f1']:.3f} ({f1['low']:.3f} to {f1['high']:.3f}) on {result['hours']:.2f} h, {speed:.0f} x"
    )
    for row in f1["by_class"]:
        print(
            f"{row['class']:<12} n {row['n']:>4}  P {row['precision']:.2f}  R {row['recall']:.2f}  F1 {row['f1']:.2f}"
        )


def said(step: int, steps: int) -> None:
    if step % 100 == 0:
        print(f"step {step} of {steps}", flush=True)


if __name__ == "__main__":
    main()
