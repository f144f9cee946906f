"""A page where a person hears and sees what training changed, with the figures beside it."""

import json
from dataclasses import dataclass
from pathlib import Path

from metrics.figures.records import INCEPTION, metric_of
from metrics.judge import classify
from model_card.clip_table import read_clips
from model_card.figures import show
from spectrogram.files.templates import fill_html

TEMPLATE = Path(__file__).with_suffix(".html")
SHOWN = 8


@dataclass(frozen=True)
class Verdict:
    """Whether every figure moved the right way, and one sentence that says by how much."""

    better: bool
    sentence: str


def direction(key):
    """-1 when lower is better, 1 when higher is, None for a figure that is no verdict on its own."""
    metric = metric_of(key)
    # Sure and varied classes alone say nothing about likeness.
    return None if metric in (None, INCEPTION) else -1 if metric.lower_is_better else 1


def judge(results, row):
    """The Verdict of results.json's figures against one of its rows."""
    parts, better = [], True
    for name, figure in results["metrics"].items():
        sign, before, after = direction(name), results["rows"][row].get(name), figure["value"]
        if sign is None or before is None or after is None:
            continue
        better &= (after - before) * sign > 0
        parts.append(f"{name} {show(before)} → {show(after)} {'↓' if sign < 0 else '↑'}")
    return Verdict(better and bool(parts), "without → with the adapter: " + "; ".join(parts))


def known_sounds(out):
    """(right before, right after, count) of the sounds that the base knew, by the independent classifier."""
    scores = []
    for folder in ("known_before", "known_after"):
        clips = read_clips(out / folder)
        heard, _ = classify([out / folder / c["file_name"] for c in clips])
        scores.append(sum(label == c["label"] for label, c in zip(heard, clips, strict=True)))
    return (*scores, len(clips))


def _rows(out):
    """One row a held-out caption: base alone, with the adapter, the real recording; files as (sound, picture)."""
    pairs = list(zip(read_clips(out / "reference"), read_clips(out / "after"), strict=True))[:SHOWN]
    rows = []
    for real, made in pairs:
        files = (f"before/{made['file_name']}", f"after/{made['file_name']}", f"reference/{real['file_name']}")
        pictures = [(file, Path(file).with_suffix(".png").as_posix()) for file in files]
        rows.append({"caption": made["caption"], "files": pictures})
    return rows


def _figures(results, row):
    """Rows of the table: figure, without, with, interval, which way is better, and what it means."""
    arrows = {-1: "↓ lower is better", 1: "↑ higher is better", None: ""}
    return [
        {
            "name": name,
            "before": show(results["rows"][row].get(name)),
            "value": show(figure["value"]),
            "span": "–" if figure.get("low") is None else f"{show(figure['low'])} to {show(figure['high'])}",
            "arrow": arrows[direction(name)],
            "note": figure.get("note") or "",
        }
        for name, figure in results["metrics"].items()
    ]


def write(out, sound, seconds, row="without the adapter"):
    """Write ``index.html`` into the demo's folder from the files that lie there; returns the Verdict."""
    out = Path(out)
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    run = json.loads((out / "run" / "run.json").read_text(encoding="utf-8"))
    verdict, (before, after, count) = judge(results, row), known_sounds(out)
    page = fill_html(
        TEMPLATE,
        sound=sound,
        verdict=verdict.sentence.replace(": ", ":; ", 1).split("; "),
        rows=_rows(out),
        figures=_figures(results, row),
        known=f"{before} of {count} before, {after} of {count} after",
        clips=run["dataset"]["train"],
        steps=run["settings"]["steps"],
        train_s=f"{run['seconds']['train']:.0f}",
        total_s=f"{seconds:.0f}",
        counts=f"{results['n_generated']} generated against {results['n_reference']} held-out originals",
    )
    (out / "index.html").write_text(page, encoding="utf-8")
    return verdict
