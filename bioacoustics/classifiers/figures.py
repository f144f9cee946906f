"""What a classifier is worth: scikit-learn's definitions, intervals over recordings, confusion, calibration.

Intervals are percentiles of a bootstrap that draws recordings, not clips: clips of one recording are not independent.
"""

from __future__ import annotations

import warnings

import numpy as np
from sklearn import metrics

RESAMPLES = 500
BINS = 10
THRESHOLD = 0.5


def figures(targets: np.ndarray, scores: np.ndarray, recordings: np.ndarray | None = None, seed: int = 0) -> dict:
    """{name: {"value", "low", "high"}} of macro accuracy, precision, recall, F1, AUROC and mAP.

    Args:
        targets: ones and zeros (n, classes); one one a row for single-label sets.
        scores: probabilities (n, classes).
        recordings: the recording of each clip (n,); None takes every clip for its own.
        seed: of the bootstrap.
    """
    recordings = np.arange(len(targets)) if recordings is None else np.asarray(recordings)
    names = np.unique(recordings)
    clips_of = {name: np.flatnonzero(recordings == name) for name in names}
    rng = np.random.default_rng(seed)
    value = macro_figures(targets, scores)
    redrawn: dict[str, list[float]] = {name: [] for name in value}
    for _ in range(RESAMPLES):
        drawn = np.concatenate([clips_of[name] for name in rng.choice(names, len(names))])
        for name, figure in macro_figures(targets[drawn], scores[drawn]).items():
            redrawn[name].append(figure)
    table = {}
    for name, figure in value.items():
        finite = np.array([one for one in redrawn[name] if np.isfinite(one)])
        low, high = np.quantile(finite, [0.025, 0.975]) if len(finite) > 1 else (np.nan, np.nan)
        table[name] = {"value": figure, "low": float(low), "high": float(high)}
    return table


def macro_figures(targets: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Means over the classes that occur, each class alike; accuracy is the mean recall of single-label sets, else the
    share of right answers."""
    present = np.flatnonzero(targets.sum(axis=0) > 0)
    single = bool((targets.sum(axis=1) == 1).all()) and targets.shape[1] > 1
    if not len(present):
        return dict.fromkeys(("macro_accuracy", "macro_precision", "macro_recall", "macro_f1", "macro_auroc", "map"), np.nan)
    given = decisions(scores, single)
    truth, said = targets[:, present], given[:, present]
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(truth, said, average="macro", zero_division=0)
    right = recall if single else float(np.mean(truth == said))
    split = [one for one in present if targets[:, one].sum() < len(targets)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        auroc = [metrics.roc_auc_score(targets[:, one], scores[:, one]) for one in split]
        average = [metrics.average_precision_score(targets[:, one], scores[:, one]) for one in present]
    return {
        "macro_accuracy": float(right),
        "macro_precision": float(precision),
        "macro_recall": float(recall),
        "macro_f1": float(f1),
        "macro_auroc": float(np.mean(auroc)) if auroc else float("nan"),
        "map": float(np.mean(average)),
    }


def decisions(scores: np.ndarray, single: bool) -> np.ndarray:
    """Ones where a class is said to sound: the likeliest of a single-label set, all above one half of others."""
    if single:
        return np.eye(scores.shape[1])[scores.argmax(axis=1)]
    return (scores >= THRESHOLD).astype(float)


def by_class(targets: np.ndarray, scores: np.ndarray, classes: tuple[str, ...]) -> list[dict]:
    """One row a class: n, precision, recall, F1, AUROC, average precision."""
    single = bool((targets.sum(axis=1) == 1).all()) and targets.shape[1] > 1
    said, rows = decisions(scores, single), []
    for number, name in enumerate(classes):
        truth = targets[:, number]
        row = {"class": name, "n": int(truth.sum())}
        figures_of = metrics.precision_recall_fscore_support(truth, said[:, number], average="binary", zero_division=0)
        row |= dict(zip(("precision", "recall", "f1"), map(float, figures_of[:3]), strict=True))
        if 0 < truth.sum() < len(truth):
            row["auroc"] = float(metrics.roc_auc_score(truth, scores[:, number]))
            row["average_precision"] = float(metrics.average_precision_score(truth, scores[:, number]))
        rows.append(row)
    return rows


def confusion(targets: np.ndarray, scores: np.ndarray) -> list[list[int]]:
    """Rows are the true classes, columns what was said, of single-label sets."""
    labels = range(targets.shape[1])
    return metrics.confusion_matrix(targets.argmax(axis=1), scores.argmax(axis=1), labels=labels).tolist()


def calibration(targets: np.ndarray, scores: np.ndarray) -> dict:
    """Expected calibration error and its bins (mean probability, share right, n); Guo et al., ICML 2017.

    Single-label sets: the likeliest class of each clip; others: every class of every clip.
    """
    single = bool((targets.sum(axis=1) == 1).all()) and targets.shape[1] > 1
    chance = scores.max(axis=1) if single else scores.ravel()
    right = targets[np.arange(len(targets)), scores.argmax(axis=1)] if single else targets.ravel()
    place = np.minimum((chance * BINS).astype(int), BINS - 1)
    bins = []
    for number in range(BINS):
        here = place == number
        if here.any():
            bins.append({"said": float(chance[here].mean()), "right": float(right[here].mean()), "n": int(here.sum())})
    error = sum(one["n"] * abs(one["said"] - one["right"]) for one in bins) / len(chance)
    return {"expected_calibration_error": float(error), "bins": bins}
