"""`python -m benchmarks.bioacoustics.classifiers ../shared/data`: ESC-10 in five folds by source recording, ten birds.

Networks begin from layers that learned the classes of other sets (--scratch: from nothing); no recording of the
measured set is among them.  Every fold is kept as it ends (--work), so that a run that was stopped goes on; figures go
to docs/figures/bioacoustics.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from bioacoustics.classifiers.clips import Clips, folds_by_recording, read_clips
from bioacoustics.classifiers.embeddings import embedded_clips
from bioacoustics.classifiers.figures import by_class, calibration, confusion, figures
from bioacoustics.classifiers.front_end import FrontEnd, front_end
from bioacoustics.classifiers.trainer import TrainingSettings, fit, scores
from dataset_builder.intake.captions import read_entries
from spectrogram.files import json_file

FIGURES = Path(__file__).parents[2] / "docs" / "figures" / "bioacoustics"
FOLDS = 5
LINEAR = TrainingSettings(network="linear", steps=400, rate=1e-2, dropout=0.3, smoothing=0.0)
NETWORKS = {
    "cnn": TrainingSettings(network="cnn", steps=200, rate=2e-3),
    "crnn": TrainingSettings(network="crnn", steps=200, rate=2e-3),
    "linear": LINEAR,
}
# Both kinds of network share their convolutions, so one that learned the other sets serves both.
FIRST, OTHERS, OTHER_STEPS, LEAST_CLIPS = "cnn", ("urbansound8k_subset", "openset"), 700, 5


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--set", choices=("esc10", "birds_xc_phoebe"), default="esc10")
    parser.add_argument("--network", choices=tuple(NETWORKS), default="cnn")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--work", type=Path, default=Path("runs/bioacoustics"))
    parser.add_argument("--fold", type=int, choices=range(FOLDS), help="this fold alone, no figures: a run in pieces")
    parser.add_argument("--scratch", action="store_true", help="begin from nothing")
    parser.add_argument("--begun", action="store_true", help="only learn the layers to begin from")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    front = front_end(step_ms=25.0, window_ms=50.0)
    settings = NETWORKS[options.network]
    settings = replace(settings, steps=options.steps or settings.steps)
    name = f"{options.set}_{options.network}" + ("_scratch" if options.scratch else "")
    where = options.data / options.set
    if options.network == "linear":
        clips, front = embedded_clips(where), None
    else:
        clips = read_clips(where, front)
    transfer = not options.scratch and front is not None
    start = layers(options, front, set(clips.recordings)) if transfer else None
    if options.begun:
        return
    given = np.zeros_like(clips.targets)
    for number, (training, test) in enumerate(folds_by_recording(clips, FOLDS)):
        if options.fold not in (None, number):
            continue
        given[test] = fold(clips, front, training, test, settings, options.work / f"{name}_{number}.npy", start)
        print(name, number, figures(clips.targets[test], given[test])["macro_f1"], flush=True)
    if options.fold is not None:
        return
    result = {
        "set": options.set,
        "network": options.network,
        "clips": len(clips),
        "recordings": len(set(clips.recordings)),
        "folds": FOLDS,
        "steps": settings.steps,
        "begun_from": {"network": FIRST, "sets": OTHERS, "steps": OTHER_STEPS} if transfer else None,
        "figures": figures(clips.targets, given, clips.recordings),
        "by_class": by_class(clips.targets, given, clips.classes),
        "confusion": confusion(clips.targets, given),
        "classes": clips.classes,
        "calibration": calibration(clips.targets, given),
    }
    FIGURES.mkdir(parents=True, exist_ok=True)
    json_file.write(FIGURES / f"classifiers_{name}.json", result)


def others(options: argparse.Namespace, front: FrontEnd, measured: set[str]) -> Clips:
    """The clips of the other sets, kept once read."""
    kept = options.work / f"{options.set}_others.npz"
    if not kept.is_file():
        entries = [one for name in OTHERS for one in read_entries(options.data / name) if one.recording not in measured]
        counts = Counter(one.label for one in entries)
        read = read_clips([one for one in entries if counts[one.label] >= LEAST_CLIPS], front)
        kept.parent.mkdir(parents=True, exist_ok=True)
        arrays = {"stored": read.stored, "targets": read.targets, "recordings": read.recordings}
        np.savez(kept, **arrays, classes=np.array(read.classes), files=np.array(read.files))
    with np.load(kept) as a:
        names = tuple(map(str, a["classes"])), a["recordings"], tuple(map(str, a["files"]))
        return Clips(a["stored"], a["targets"], *names)


def layers(options: argparse.Namespace, front: FrontEnd, measured: set[str]) -> dict[str, torch.Tensor]:
    """Weights of the network after learning the classes of other sets, without any recording of the measured one."""
    kept = options.work / f"{options.set}_{FIRST}_layers.safetensors"
    if kept.is_file():
        return load_file(kept)
    clips = others(options, front, measured)
    print(f"{len(clips)} clips of {len(clips.classes)} other classes", flush=True)
    started = time.process_time()
    network = fit(clips, front, TrainingSettings(network=FIRST, steps=OTHER_STEPS)).network
    kept.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, kept)
    print(f"{kept.stem}: {time.process_time() - started:.0f} CPU seconds", flush=True)
    return load_file(kept)


def fold(clips: Clips, front: FrontEnd | None, training, test, settings: TrainingSettings, kept: Path, start):
    """Probabilities of the test clips, from a network that never met their recordings; read again where kept."""
    if kept.is_file():
        return np.load(kept)
    assert not set(clips.recordings[training]) & set(clips.recordings[test])
    started = time.process_time()
    fitted = fit(clips.at(training), front, settings, start=start)
    given = scores(fitted.network, clips.at(test), front)
    kept.parent.mkdir(parents=True, exist_ok=True)
    np.save(kept, given)
    print(f"{kept.stem}: {time.process_time() - started:.0f} CPU seconds", flush=True)
    return given


if __name__ == "__main__":
    main()
