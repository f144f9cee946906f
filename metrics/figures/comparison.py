"""All figures that two embedded sets give, each with its interval, its noise floor and what to know about it."""

import numpy as np

from metrics.distances import require_same_embedder
from metrics.distances.samples import SampleProblem
from metrics.figures.intervals import RESAMPLES, halves, interval_around, redraws
from metrics.figures.records import Metric, metrics_of
from metrics.sets.embedding import EmbeddedSet


def compare(
    generated: EmbeddedSet, reference: EmbeddedSet, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, dict]:
    """{metric: {"value", "low", "high", "note", ...}}; names carry the embedder, so figures cannot be confused.

    A figure that these sets cannot give has the value None and its cause as note.
    """
    require_same_embedder(generated.identity, reference.identity)
    figures = {}
    for key, metric in metrics_of(generated, reference).items():
        try:
            figures[key] = _figure(metric, generated, reference, resamples, seed)
        except SampleProblem as problem:
            figures[key] = {"value": None, "low": None, "high": None, "note": f"not computed: {problem}"}
    return figures


def _figure(metric: Metric, generated: EmbeddedSet, reference: EmbeddedSet, resamples: int, seed: int) -> dict:
    value = float(metric.value(generated, reference))
    low, high, details = None, None, metric.details(generated, reference)
    # One clip, or one pair, redrawn is always itself: that is no interval of no width, but none.
    if resamples and details.get("n_used", 2) > 1:
        draws = [redraws(len(one.sounds), resamples, seed, i) for i, one in enumerate((generated, reference))]
        low, high = interval_around(value, metric.redrawn(generated, reference, *draws))
    if low is not None and metric.least is not None:
        low = max(low, metric.least)
    floor = {"noise_floor": _floor(metric, reference, seed)} if metric.has_floor else {}
    return {"value": value, "low": low, "high": high} | details | floor


def _floor(metric: Metric, reference: EmbeddedSet, seed: int) -> float | None:
    parts = halves(len(reference.sounds), seed=seed)
    return None if parts is None else float(np.mean(metric.redrawn(reference, reference, *parts)))
