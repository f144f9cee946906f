"""A probe of spectrograms: the same small classifier on each, cross-validated by recording, with paired intervals.

The probe is a linear model on the mean, spread and change of every band over time, which costs seconds and no tuning;
what it ranks is how much of the classes a picture shows, not what a large network could make of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bioacoustics.classifiers.clips import Clips, folds_by_recording, read_clips
from bioacoustics.classifiers.figures import macro_rows, redraws
from bioacoustics.classifiers.front_end import FrontEnd, front_end
from dataset_builder.intake.entries import Entry

SCALES = ("mel", "linear", "log", "pcen")
WINDOWS_MS = ((16.0, 8.0), (32.0, 16.0), (64.0, 16.0))
RESAMPLES = 500
FIGURE = "map"


@dataclass(frozen=True)
class Candidate:
    """A picture under trial and what it is called."""

    name: str
    front: FrontEnd


def candidates(
    scales: Sequence[str] = SCALES,
    windows_ms: Sequence[tuple[float, float]] = WINDOWS_MS,
    rate_hz: int = 32_000,
    bands: int = 64,
) -> list[Candidate]:
    """Every scale with every (window, hop)."""
    return [
        Candidate(
            f"{scale}, window {window:g} ms, hop {hop:g} ms",
            front_end(scale, rate_hz, bands, window, hop),
        )
        for scale, (window, hop) in itertools.product(scales, windows_ms)
    ]


def probe(
    where: Path | list[Entry],
    tried: list[Candidate],
    seconds: float = 5.0,
    folds: int = 5,
    seed: int = 0,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> list[dict]:
    """Candidates, the best first: mAP with its interval, and how much it lies below the best, paired by recording.

    ``"as good"`` is true of the best and of all whose difference to it may be nothing (95 %).  Among those of one mAP
    the surer comes first, the one that gives the true classes the higher probability (mean logarithm).
    """
    given, clips = {}, None
    for number, candidate in enumerate(tried, 1):
        clips = read_clips(where, candidate.front, seconds)
        given[candidate.name] = cross_validated(clips, candidate.front, folds, seed)
        report(number, len(tried))
    weights = np.concatenate([np.ones((1, len(clips))), redraws(clips.recordings, seed, RESAMPLES)])
    rows = {name: macro_rows(clips.targets, scores, weights)[FIGURE] for name, scores in given.items()}
    sure = {name: sureness(clips.targets, scores) for name, scores in given.items()}
    order = sorted(rows, key=lambda name: (-round(float(rows[name][0]), 6), -sure[name]))
    best, table = order[0], []
    for name in order:
        values = rows[name]
        low, high = np.nanquantile(values[1:], [0.025, 0.975])
        below = np.nanquantile((rows[best] - values)[1:], [0.025, 0.975])
        row = {"picture": name, FIGURE: float(values[0]), "low": float(low), "high": float(high)}
        row |= {
            "log_probability": sure[name],
            "below_best": [float(one) for one in below],
            "as good": bool(name == best or below[0] <= 0),
        }
        table.append(row)
    return table


def sureness(targets: np.ndarray, scores: np.ndarray) -> float:
    """Mean logarithm of the probabilities that the true classes were given."""
    given = (targets * scores).sum(axis=1) / np.maximum(targets.sum(axis=1), 1)
    return float(np.mean(np.log(np.maximum(given, 1e-6))))


def cross_validated(clips: Clips, front: FrontEnd, folds: int, seed: int) -> np.ndarray:
    """Probabilities (n, classes) of every clip from a probe that never met its recording."""
    rows = np.stack([summary(front.levels(clips.db(number))) for number in range(len(clips))])
    given = np.zeros_like(clips.targets)
    for training, test in folds_by_recording(clips, min(folds, len(set(clips.recordings))), seed):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))
        known = clips.labels[training]
        if len(set(known)) > 1:
            probabilities = model.fit(rows[training], known).predict_proba(rows[test])
            given[np.ix_(test, model.classes_)] = probabilities
        else:
            given[test, known[0]] = 1
    return given


def summary(levels: np.ndarray) -> np.ndarray:
    """Mean, spread and mean change from frame to frame of every band."""
    return np.concatenate([levels.mean(axis=0), levels.std(axis=0), np.abs(np.diff(levels, axis=0)).mean(axis=0)])
