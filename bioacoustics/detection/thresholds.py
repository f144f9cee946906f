"""Thresholds for a stated precision, from scores of moments whose truth is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.metrics import precision_recall_curve

from bioacoustics.detection.events import event_figures, events_of, moment_scores
from bioacoustics.detection.windows import WindowScores
from spectrogram.files.annotations import Annotation

DEFAULT = 0.5
STEPS = tuple(np.round(np.arange(0.05, 1.0, 0.05), 2))


def truth_of(windows: WindowScores, classes: Sequence[str], annotations: Sequence[Annotation]) -> np.ndarray:
    """Ones (moments, classes) where the middle of a moment lies in an annotation."""
    middles = (np.arange(len(moment_scores(windows))) + 0.5) * windows.hop_s
    truth = np.zeros((len(middles), len(classes)), int)
    for one in annotations:
        if one.label in classes:
            truth[(middles >= one.onset_s) & (middles < one.offset_s), list(classes).index(one.label)] = 1
    return truth


def thresholds_for_precision(
    known: Sequence[tuple[WindowScores, Sequence[Annotation]]], classes: Sequence[str], precision: float
) -> dict[str, float]:
    """The lowest threshold of each class whose moments are right as often as stated.

    Where no threshold reaches it, the one with the best precision; a class that never sounds keeps 0.5.
    """
    given = np.concatenate([moment_scores(windows) for windows, _ in known])
    truth = np.concatenate([truth_of(windows, classes, events) for windows, events in known])
    chosen = {}
    for number, name in enumerate(classes):
        if not truth[:, number].any():
            chosen[name] = DEFAULT
            continue
        reached, _, steps = precision_recall_curve(truth[:, number], given[:, number])
        good = np.flatnonzero(reached[:-1] >= precision)
        chosen[name] = float(steps[good[0] if len(good) else int(np.argmax(reached[:-1]))])
    return chosen


def thresholds_for_f1(
    known: Sequence[tuple[WindowScores, Sequence[Annotation]]], classes: Sequence[str]
) -> dict[str, float]:
    """The threshold of each class with the best event-based F1 on recordings whose truth is known."""
    chosen: Mapping[str, float] = {}
    for name in classes:
        best = (-1.0, DEFAULT)
        for step in STEPS:
            pairs = []
            for windows, events in known:
                only = WindowScores(
                    windows.scores[:, [list(classes).index(name)]], windows.hop_s, windows.window_s, windows.seconds
                )
                pairs.append((events_of(only, (name,), {name: step}), [one for one in events if one.label == name]))
            best = max(best, (event_figures(pairs)["event_f1"], -float(step)), key=lambda one: one)
        chosen = {**chosen, name: abs(best[1])}
    return dict(chosen)
