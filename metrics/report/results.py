"""`results.json`: every figure of one comparison with embedder, counts and names; the model card reads it."""

import math
from pathlib import Path

from metrics.figures.records import accidental_pairs, left_out
from metrics.sets.embedding import EmbeddedSet
from spectrogram import json_text
from spectrogram.files import atomic
from spectrogram.problems import Problem

FORMAT = 2


class ResultsProblem(Problem):
    """Results that would carry a number which is none."""


def assemble_results(generated: EmbeddedSet, reference: EmbeddedSet, figures: dict[str, dict], **more) -> dict:
    """The content of results.json; refused if any figure is NaN or infinite."""
    results = {
        "format": FORMAT,
        "embedder": generated.identity | {"classes": list(generated.classes)},
        "n_generated": len(generated.sounds),
        "n_reference": len(reference.sounds),
        "n_rows_generated": len(generated.rows),
        "n_rows_reference": len(reference.rows),
        "n_equal_generated": generated.n_constant,
        "n_equal_reference": reference.n_constant,
        "skipped": [
            {"set": side, "name": name, "reason": reason}
            for side, one in (("generated", generated), ("reference", reference))
            for name, reason in one.skipped
        ],
        "warnings": _warnings(generated, reference),
        "metrics": figures,
    }
    results |= more
    _refuse_non_numbers(results, "results")
    return results


def write_results(results: dict, path) -> Path:
    """Writes the results as JSON, replacing an older file only when complete."""
    return atomic.write_text(path, json_text.dumps(results, indent=1, ensure_ascii=False) + "\n")


def _warnings(generated: EmbeddedSet, reference: EmbeddedSet) -> list[str]:
    warnings = []
    for side, one in (("generated", generated), ("reference", reference)):
        rows, dimensions = one.rows.shape
        if rows <= dimensions:
            warnings.append(f"{side}: {rows} rows for {dimensions} dimensions, the Fréchet distance is biased upwards")
        if one.n_constant:
            warnings.append(f"{side}: {one.n_constant} clips embed exactly like another one (silent or repeated)")
        if one.skipped:
            warnings.append(f"{side}: {len(one.skipped)} clips could not be read and are not in any figure")
    if shared := generated.also_in(reference):
        told = "the same sounds are in both sets, or silence is"
        warnings.append(f"{shared} generated clips embed exactly like a reference clip: {told}")
    if len(generated.sounds) != len(reference.sounds):
        warnings.append(
            f"{len(generated.sounds)} generated and {len(reference.sounds)} reference clips: report both numbers"
        )
    return warnings + accidental_pairs(generated, reference) + left_out(generated, reference)


def _refuse_non_numbers(node, place: str) -> None:
    if isinstance(node, dict):
        for key, value in node.items():
            _refuse_non_numbers(value, f"{place}.{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            _refuse_non_numbers(value, f"{place}[{index}]")
    elif isinstance(node, float) and not math.isfinite(node):
        raise ResultsProblem(f"{place} is {node}", "a finite number or null", "report this as a fault of the metric")
