"""From a labelled set to a classifier with figures: split by recording, settings tried if wished, trained, measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bioacoustics.classifiers.annotated import annotated_clips
from bioacoustics.classifiers.augmentation import Augmentation
from bioacoustics.classifiers.clips import Clips, ClipsProblem, fingerprint, folds_by_recording, read_clips
from bioacoustics.classifiers.embeddings import embedded_clips
from bioacoustics.classifiers.figures import by_class, calibration, confusion, figures
from bioacoustics.classifiers.front_end import FrontEnd, front_end
from bioacoustics.classifiers.model_files import Classifier, load_classifier, save_classifier
from bioacoustics.classifiers.trainer import Fitted, TrainingSettings, fit, scores, validation_score
from dataset_builder.intake.captions import read_entries
from metrics.embedders.registry import load as load_embedder
from spectrogram.problems import UsageProblem

NOISE_WINDOWS = 20
RATES = {"cnn": 3e-3, "crnn": 3e-3, "linear": 1e-2}


@dataclass(frozen=True)
class Request:
    """What the command line asks for; see ``learn classifier --help``."""

    where: Path
    out: Path
    network: str = "cnn"
    embedder: str = "sd-audio-cnn-v1"
    weights: str | None = None
    loss: str | None = None
    steps: int = 600
    batch: int = 32
    rate: float | None = None
    dropout: float = 0.3
    seconds: float = 5.0
    mixup: float = 0.3
    background: Path | None = None
    noise: Path | None = None
    noise_db: tuple[float, float] = (5.0, 25.0)
    unbalanced: bool = False
    scale: str = "mel"
    annotated: bool = False
    annotations: Path | None = None
    hz: int = 32_000
    begin: Path | None = None
    test: float = 0.2
    sweep: int = 0
    seed: int = 0

    def settings(self) -> TrainingSettings:
        return TrainingSettings(
            network=self.network,
            loss=self.loss or "",
            steps=self.steps,
            batch=self.batch,
            rate=self.rate or RATES[self.network],
            dropout=self.dropout,
            balanced=not self.unbalanced,
            seed=self.seed,
            augmentation=Augmentation(mixup=self.mixup, noise_db=tuple(self.noise_db)),
        )


def teach(request: Request, report: Callable[[int, int], None] = lambda done, total: None) -> dict:
    """Train, test on held-out recordings, write the classifier; returns its card.

    Raises ClipsProblem for a set with fewer than two classes or too few recordings.
    """
    clips, front, embedder, entries = read_set(request)
    noise = noise_of(request, front)
    training, test = held_out(clips, request.test, request.seed)
    learning, validation = (training[part] for part in held_out(clips.at(training), request.test, request.seed + 1))
    settings, tried = request.settings(), []
    steps = lambda step, total, loss: report(step, total)  # noqa: E731
    if request.sweep:
        settings, tried = swept(clips.at(learning), clips.at(validation), front, settings, request.sweep, noise)
    fitted = fit(clips.at(learning), front, settings, clips.at(validation), noise, steps, weights_of(request, front))
    classifier = Classifier(
        fitted.network, settings.network, clips.classes, request.seconds, clips.multi_label, front, embedder
    )
    facts = measured(clips.at(test), fitted, front) | {
        "settings": dataclasses.asdict(settings),
        "history": fitted.history,
        "best_step": fitted.best_step,
        "sweep": tried,
        "set": {"clips": len(clips), "recordings": len(set(clips.recordings)), "fingerprint": fingerprint(clips)},
        "split": {"training": len(learning), "validation": len(validation), "test": len(test)},
        "dropped": [list(one) for one in clips.dropped],
        "licences": sorted({entry.licence for entry in entries if entry.licence}),
        "attributions": sorted({entry.attribution for entry in entries if entry.attribution}),
    }
    return save_classifier(request.out, classifier, facts)


def weights_of(request: Request, front: FrontEnd | None) -> dict | None:
    """The weights to begin from; raises UsageProblem when that classifier hears otherwise."""
    if not request.begin:
        return None
    other = load_classifier(request.begin)
    if other.front != front:
        raise UsageProblem(
            f"{request.begin} sees another spectrogram",
            "the same scale and rate",
            "leave --begin out",
        )
    return other.network.state_dict()


def noise_of(request: Request, front: FrontEnd | None) -> Clips | None:
    """What is mixed under the training clips: the weather that was named, or else the backgrounds."""
    where = request.noise or request.background
    return (
        read_clips(where, front, request.seconds, ("noise",), NOISE_WINDOWS, background=True)
        if where and front
        else None
    )


def read_set(request: Request):
    if request.annotated:
        if request.network == "linear":
            raise UsageProblem("--annotated needs a cnn or crnn", "a network that sees spectrograms", "leave it out")
        front = front_end(request.scale, request.hz)
        return annotated_clips(request.where, front, request.seconds, request.annotations), front, None, []
    entries = read_entries(Path(request.where))
    if request.network == "linear":
        embedder = load_embedder(request.embedder, request.weights)
        clips, front = embedded_clips(entries, embedder), None
    else:
        embedder, front = None, front_end(request.scale, request.hz)
        clips = read_clips(entries, front, request.seconds)
    if request.background:
        if front is None:
            raise UsageProblem("--background needs a cnn or crnn", "a network that sees spectrograms", "leave it out")
        empty = read_clips(request.background, front, request.seconds, clips.classes, NOISE_WINDOWS, background=True)
        return clips.joined(empty), front, embedder, entries
    if len(clips.classes) < 2:
        raise ClipsProblem(
            f"the set has the one class {clips.classes[0]!r}", "two or more", "add clips without it, labelled otherwise"
        )
    return clips, front, embedder, entries


def held_out(clips: Clips, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(kept, held out) indices by recording, the held-out share nearest to the wish, classes spread evenly."""
    folds = max(2, min(round(1 / share), len(set(clips.recordings)))) if share > 0 else 2
    return folds_by_recording(clips, folds, seed)[0]


def swept(
    learning: Clips,
    validation: Clips,
    front: FrontEnd | None,
    first: TrainingSettings,
    trials: int,
    noise: Clips | None,
) -> tuple[TrainingSettings, list[dict]]:
    """The best of ``trials`` settings on validation recordings, each trained for a third of the steps, and all results.

    The first trial is what was asked for; others vary rate, dropout and mixup.
    """
    rng = np.random.default_rng(first.seed)
    tried: list[tuple[float, TrainingSettings]] = []
    for number in range(trials):
        settings = first
        if number:
            augmentation = dataclasses.replace(first.augmentation, mixup=float(rng.choice([0.0, 0.2, 0.5])))
            rate = float(first.rate * 10 ** rng.uniform(-0.7, 0.3))
            settings = dataclasses.replace(
                first, rate=rate, dropout=float(rng.choice([0.1, 0.3, 0.5])), augmentation=augmentation
            )
        short = dataclasses.replace(settings, steps=max(1, settings.steps // 3))
        fitted = fit(learning, front, short, validation, noise)
        tried.append((validation_score(fitted.network, validation, front), settings))
    best = max(tried, key=lambda one: one[0])[1]
    rows = [{"map": s, "rate": t.rate, "dropout": t.dropout, "mixup": t.augmentation.mixup} for s, t in tried]
    return best, rows


def measured(test: Clips, fitted: Fitted, front: FrontEnd | None) -> dict:
    given = scores(fitted.network, test, front)
    facts = {
        "figures": figures(test.targets, given, test.recordings),
        "by_class": by_class(test.targets, given, test.classes),
        "calibration": calibration(test.targets, given),
    }
    if not test.multi_label:
        facts["confusion"] = confusion(test.targets, given)
    return facts
