"""`python -m benchmarks.bioacoustics.classifiers ../shared/data`: ESC-10 in five folds by source recording, ten birds.

Every fold is kept as it ends (--work), so that a run that was stopped goes on; figures go to docs/figures/bioacoustics.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from bioacoustics.classifiers.clips import Clips, folds_by_recording, read_clips
from bioacoustics.classifiers.embeddings import embedded_clips
from bioacoustics.classifiers.figures import by_class, calibration, confusion, figures
from bioacoustics.classifiers.front_end import FrontEnd, front_end
from bioacoustics.classifiers.trainer import TrainingSettings, fit, scores

FIGURES = Path(__file__).parents[2] / "docs" / "figures" / "bioacoustics"
FOLDS = 5
LINEAR = TrainingSettings(network="linear", steps=400, rate=1e-2, dropout=0.3, smoothing=0.0)
NETWORKS = {
    "cnn": TrainingSettings(network="cnn", steps=500),
    "crnn": TrainingSettings(network="crnn", steps=500),
    "linear": LINEAR,
}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--set", choices=("esc10", "birds_xc_phoebe"), default="esc10")
    parser.add_argument("--network", choices=tuple(NETWORKS), default="cnn")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--work", type=Path, default=Path("runs/bioacoustics"))
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    front = front_end(step_ms=25.0, window_ms=50.0)
    settings = NETWORKS[options.network]
    settings = replace(settings, steps=options.steps or settings.steps)
    name = f"{options.set}_{options.network}"
    where = options.data / options.set
    if options.network == "linear":
        clips, front = embedded_clips(where), None
    else:
        clips = read_clips(where, front)
    given = np.zeros_like(clips.targets)
    for number, (training, test) in enumerate(folds_by_recording(clips, FOLDS)):
        given[test] = fold(clips, front, training, test, settings, options.work / f"{name}_{number}.npy")
        print(name, number, figures(clips.targets[test], given[test])["macro_f1"], flush=True)
    result = {
        "set": options.set,
        "network": options.network,
        "clips": len(clips),
        "recordings": len(set(clips.recordings)),
        "folds": FOLDS,
        "steps": settings.steps,
        "figures": figures(clips.targets, given, clips.recordings),
        "by_class": by_class(clips.targets, given, clips.classes),
        "confusion": confusion(clips.targets, given),
        "classes": clips.classes,
        "calibration": calibration(clips.targets, given),
    }
    FIGURES.mkdir(parents=True, exist_ok=True)
    (FIGURES / f"classifiers_{name}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def fold(clips: Clips, front: FrontEnd | None, training, test, settings: TrainingSettings, kept: Path) -> np.ndarray:
    """Probabilities of the test clips, from a network that never met their recordings; read again where kept."""
    if kept.is_file():
        return np.load(kept)
    assert not set(clips.recordings[training]) & set(clips.recordings[test])
    started = time.process_time()
    fitted = fit(clips.at(training), front, settings, progress=lambda step, steps, loss: None)
    given = scores(fitted.network, clips.at(test), front)
    kept.parent.mkdir(parents=True, exist_ok=True)
    np.save(kept, given)
    print(f"{kept.stem}: {time.process_time() - started:.0f} CPU seconds", flush=True)
    return given


if __name__ == "__main__":
    main()
