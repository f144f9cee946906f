"""The measured table of a card: one row a set of sounds, one column a figure."""

import math

from huggingface_hub import EvalResult


def show(value):
    """A figure for people: four significant digits, a dash where it could not be computed."""
    if value is None:
        return "–"
    return f"{value:.4g}" if math.isfinite(value) else "–"


def table(results):
    """{row: cells}: the adapter with its intervals, then every other row (base alone, controls, ceiling)."""
    metrics = results["metrics"]
    rows = {"with this adapter": [show(figure["value"]) + _span(figure) for figure in metrics.values()]}
    return rows | {name: [show(row.get(metric)) for metric in metrics] for name, row in results.get("rows", {}).items()}


def _span(figure):
    return "" if figure.get("low") is None else f" ({show(figure['low'])} to {show(figure['high'])})"


def eval_results(facts):
    """huggingface_hub EvalResult entries of the figures that have a value."""
    return [
        EvalResult(
            task_type="text-to-audio",
            dataset_type=facts.dataset,
            dataset_name=facts.dataset,
            metric_type=name,
            metric_value=figure["value"],
            metric_name=name,
        )
        for name, figure in (facts.results or {"metrics": {}})["metrics"].items()
        if figure["value"] is not None
    ]
