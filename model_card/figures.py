"""The measured table of a card: one row a set of sounds, one column a figure."""

import math


def show(value):
    """A figure for people: four significant digits, a dash where it could not be computed."""
    if value is None:
        return "–"
    return f"{value:.4g}" if math.isfinite(value) else "–"


def table(results):
    """Markdown table: the adapter with its intervals, then every other row (base alone, controls, ceiling)."""
    metrics = results["metrics"]
    lines = ["| sounds | " + " | ".join(metrics) + " |", "|---|" + "---|" * len(metrics)]
    cells = []
    for figure in metrics.values():
        span = f" ({show(figure['low'])} to {show(figure['high'])})" if figure.get("low") is not None else ""
        cells.append(show(figure["value"]) + span)
    lines.append("| **with this adapter** | " + " | ".join(cells) + " |")
    for name, row in results.get("rows", {}).items():
        lines.append(f"| {name} | " + " | ".join(show(row.get(metric)) for metric in metrics) + " |")
    return "\n".join(lines)


def notes(results):
    """What each figure means, one line each, and the warnings that came with them."""
    lines = [f"- `{name}`: {figure['note']}" for name, figure in results["metrics"].items() if figure.get("note")]
    return "\n".join(lines + [f"- warning: {text}" for text in results.get("warnings", [])])


def eval_results(facts):
    """huggingface_hub EvalResult entries of the figures that have a value."""
    from huggingface_hub import EvalResult

    return [
        EvalResult(
            task_type="text-to-audio",
            dataset_type=facts.run["dataset"]["name"],
            dataset_name=facts.run["dataset"]["name"],
            metric_type=name,
            metric_value=figure["value"],
            metric_name=name,
        )
        for name, figure in (facts.results or {"metrics": {}})["metrics"].items()
        if figure["value"] is not None
    ]
