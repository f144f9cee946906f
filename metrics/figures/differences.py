"""Which of two generated sets is nearer to one reference: the difference of each figure with its own interval.

Both sets are redrawn together: with the same clips of the reference, and with the same clips of their own where both
hold the same names. What the two share then cancels, so a difference is often sure where two intervals overlap.
"""

import numpy as np

from metrics.distances import require_same_embedder
from metrics.distances.samples import SampleProblem
from metrics.figures.intervals import RESAMPLES, interval_around, redrawn_means, redraws
from metrics.figures.records import metrics_of
from metrics.sets.embedding import EmbeddedSet

SURE, UNSURE = ("better", "worse"), "undecided"


def differences(
    first: EmbeddedSet, second: EmbeddedSet, reference: EmbeddedSet, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, dict]:
    """{metric: {"value": first - second, "low", "high", "verdict", "paired"}} over the metrics that both can give.

    The verdict says whether the first set is better or worse, "undecided" where the 95 % interval holds 0.
    """
    require_same_embedder(first.identity, second.identity)
    paired = first.names == second.names
    draws = redraws(len(first.sounds), resamples, seed, 0)
    other_draws = draws if paired else redraws(len(second.sounds), resamples, seed, 2)
    reference_draws = redraws(len(reference.sounds), resamples, seed, 1)
    shared = metrics_of(second, reference).keys()
    table = {}
    for name, metric in metrics_of(first, reference).items():
        if name not in shared:
            continue
        try:
            value = float(metric.value(first, reference) - metric.value(second, reference))
            redrawn = metric.redrawn(first, reference, draws, reference_draws)
            redrawn = redrawn - metric.redrawn(second, reference, other_draws, reference_draws)
        except SampleProblem as problem:
            table[name] = {"value": None, "low": None, "high": None, "verdict": UNSURE, "note": str(problem)}
            continue
        low, high = interval_around(value, redrawn)
        verdict = _verdict(low, high, metric.lower_is_better)
        table[name] = {"value": value, "low": low, "high": high, "verdict": verdict, "paired": paired}
    return table


def difference_of_means(
    first: dict[str, float], second: dict[str, float], resamples: int = RESAMPLES, seed: int = 0
) -> dict:
    """The same for clips' own figures {name: number}, higher is better, over the names that both sets share."""
    names = sorted(first.keys() & second.keys())
    if not names:
        return {"value": None, "low": None, "high": None, "verdict": UNSURE, "note": "no name is in both sets"}
    steps = np.array([first[name] - second[name] for name in names])
    low, high = interval_around(float(steps.mean()), redrawn_means(steps, redraws(len(names), resamples, seed)))
    verdict = _verdict(low, high, lower_is_better=False)
    return {"value": float(steps.mean()), "low": low, "high": high, "verdict": verdict, "paired": True}


def _verdict(low: float | None, high: float | None, lower_is_better: bool) -> str:
    if low is None or low <= 0 <= high:
        return UNSURE
    return SURE[0] if (high < 0) == lower_is_better else SURE[1]
