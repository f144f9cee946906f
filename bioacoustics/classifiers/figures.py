"""What a classifier is worth: scikit-learn's definitions, intervals over recordings, confusion, calibration.

Intervals are percentiles of a bootstrap that draws recordings, not clips: clips of one recording are not independent.
All redraws are computed at once: a redraw is a weight a clip, and every figure here is a sum over weighted clips.
"""

from __future__ import annotations

import numpy as np
from sklearn import metrics

RESAMPLES = 500
BINS = 10
THRESHOLD = 0.5


def figures(targets: np.ndarray, scores: np.ndarray, recordings: np.ndarray | None = None, seed: int = 0) -> dict:
    """{name: {"value", "low", "high"}} of macro accuracy, precision, recall, F1, AUROC and mAP.

    Means over the classes that occur, each class alike; accuracy is the mean recall of single-label sets, else the
    share of right answers.

    Args:
        targets: ones and zeros (n, classes); one one a row for single-label sets.
        scores: probabilities (n, classes).
        recordings: the recording of each clip (n,); None takes every clip for its own.
        seed: of the bootstrap.
    """
    drawn = redraws(np.arange(len(targets)) if recordings is None else np.asarray(recordings), seed)
    weights = np.concatenate([np.ones((1, len(targets))), drawn])
    table = {}
    for name, values in macro_rows(targets, scores, weights).items():
        finite = values[1:][np.isfinite(values[1:])]
        low, high = np.quantile(finite, [0.025, 0.975]) if len(finite) > 1 else (np.nan, np.nan)
        table[name] = {"value": float(values[0]), "low": float(low), "high": float(high)}
    return table


def macro_figures(targets: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """The values of ``figures`` alone."""
    return {name: float(row[0]) for name, row in macro_rows(targets, scores, np.ones((1, len(targets)))).items()}


def redraws(recordings: np.ndarray, seed: int, resamples: int = RESAMPLES) -> np.ndarray:
    """How often each clip is drawn (resamples, n) when recordings are drawn with replacement."""
    names, place = np.unique(recordings, return_inverse=True)
    rng = np.random.default_rng(seed)
    return rng.multinomial(len(names), np.full(len(names), 1 / len(names)), resamples)[:, place].astype(float)


def macro_rows(targets: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Each figure for every row of clip weights (rows, n): a mean over the classes that a row holds."""
    single = is_single(targets)
    said = decisions(scores, single)
    hit, given, true = (weights @ one for one in (targets * said, said, targets))
    present = true > 0
    precision, recall, f1 = ratio(hit, given), ratio(hit, true), ratio(2 * hit, given + true)
    total = weights.sum(axis=1, keepdims=True)
    right = recall if single else (weights @ (targets == said)) / total
    ranked = [ranking_figures(targets[:, one], scores[:, one], weights) for one in range(targets.shape[1])]
    auroc, average = (np.stack(one, axis=1) for one in zip(*ranked, strict=True))
    rows = {"macro_accuracy": right, "macro_precision": precision, "macro_recall": recall, "macro_f1": f1}
    table = {name: mean_where(values, present) for name, values in rows.items()}
    table["macro_auroc"] = mean_where(auroc, present & (true < total))
    table["map"] = mean_where(average, present)
    return table


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """0 where there is nothing to divide by, as scikit-learn's zero_division=0."""
    return np.divide(part, whole, out=np.zeros_like(part, dtype=float), where=whole > 0)


def mean_where(values: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    count = chosen.sum(axis=1)
    total = np.where(chosen, values, 0).sum(axis=1)
    return np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)


def ranking_figures(truth: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(AUROC, average precision) of one class for every row of clip weights; clips of one score are one threshold."""
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    sorted_weights, positive = weights[:, order], truth[order] > 0
    true = np.cumsum(sorted_weights * positive, axis=1)[:, last]
    false = np.cumsum(sorted_weights * ~positive, axis=1)[:, last]
    gained = np.diff(true, axis=1, prepend=0.0)
    average = ratio((gained * ratio(true, true + false)).sum(axis=1), true[:, -1])
    area = (np.diff(false, axis=1, prepend=0.0) * (true - gained / 2)).sum(axis=1)
    return ratio(area, true[:, -1] * false[:, -1]), average


def is_single(targets: np.ndarray) -> bool:
    """Whether every clip has one label of several."""
    return bool((targets.sum(axis=1) == 1).all()) and targets.shape[1] > 1


def decisions(scores: np.ndarray, single: bool) -> np.ndarray:
    """Ones where a class is said to sound: the likeliest of a single-label set, all above one half of others."""
    if single:
        return np.eye(scores.shape[1])[scores.argmax(axis=1)]
    return (scores >= THRESHOLD).astype(float)


def by_class(targets: np.ndarray, scores: np.ndarray, classes: tuple[str, ...]) -> list[dict]:
    """One row a class: n, precision, recall, F1, AUROC, average precision."""
    said, rows = decisions(scores, is_single(targets)), []
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
    single = is_single(targets)
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
