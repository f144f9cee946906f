"""All figures that two embedded sets give, each with its interval, its noise floor and what to know about it."""

import numpy as np

from metrics.class_figures import class_figures
from metrics.distances import frechet_distance, kernel_distance, require_same_embedder
from metrics.distances.samples import SampleProblem
from metrics.embedding import EmbeddedSet
from metrics.intervals import bootstrap_interval, split_half_floor

FRECHET_MEANING = "distance of the two clouds of embeddings, 0 is best"
RESAMPLES = 200


def compare(
    generated: EmbeddedSet, reference: EmbeddedSet, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, dict]:
    """{metric: {"value", "low", "high", "note", ...}}; names carry the embedder, so figures cannot be confused.

    A figure that these sets cannot give has the value None and its cause as note.
    """
    require_same_embedder(generated.identity, reference.identity)
    figures = {
        frechet_key(generated.identity): _attempt(_frechet, generated, reference, resamples, seed),
        f"kernel_audio_distance[{generated.identity['name']}]": _attempt(
            _kernel, generated, reference, resamples, seed
        ),
    }
    if generated.logits is not None:
        figures |= class_figures(generated, reference, resamples, seed)
    return figures


def _attempt(measure, *arguments) -> dict:
    try:
        return measure(*arguments)
    except SampleProblem as problem:
        return {"value": None, "low": None, "high": None, "note": f"not computed: {problem}"}


def frechet_key(identity: dict) -> str:
    """`frechet_audio_distance` for VGGish alone, which published figures use; every other embedder is named."""
    return "frechet_audio_distance" if identity["name"] == "vggish" else f"frechet_distance[{identity['name']}]"


def _frechet(generated: EmbeddedSet, reference: EmbeddedSet, resamples: int, seed: int) -> dict:
    value = frechet_distance(generated.rows, reference.rows)

    def redrawn(indices):
        return frechet_distance(_rows(generated, indices[0]), _rows(reference, indices[1]))

    notes = [FRECHET_MEANING]
    dimensions = generated.rows.shape[1]
    fewest = min(len(generated.rows), len(reference.rows))
    if fewest <= dimensions:
        notes.append(f"{fewest} rows for {dimensions} dimensions: strongly biased upwards, compare only at equal N")
    if generated.identity["name"] != "vggish":
        notes.append("not comparable with published FAD")
    floor = split_half_floor(
        lambda a, b: frechet_distance(_rows(reference, a), _rows(reference, b)), len(reference.sounds), seed=seed
    )
    figure = _figure(value, redrawn, [generated, reference], resamples, seed, notes) | {"noise_floor": floor}
    return figure | {"low": None if figure["low"] is None else max(figure["low"], 0.0)}


def _kernel(generated: EmbeddedSet, reference: EmbeddedSet, resamples: int, seed: int) -> dict:
    value = kernel_distance(generated.rows, reference.rows)
    bandwidth = value.details["bandwidth"]

    def redrawn(indices):
        return kernel_distance(_rows(generated, indices[0]), _rows(reference, indices[1]), bandwidth)

    notes = ["unbiased, so it may fall below 0 for equal sets; 0 is best", f"bandwidth {bandwidth:.4g}"]
    floor = split_half_floor(
        lambda a, b: kernel_distance(_rows(reference, a), _rows(reference, b), bandwidth),
        len(reference.sounds),
        seed=seed,
    )
    return _figure(float(value), redrawn, [generated, reference], resamples, seed, notes) | {"noise_floor": floor}


def _rows(embedded: EmbeddedSet, indices) -> np.ndarray:
    return np.concatenate([embedded.clip_rows[i] for i in indices])


def _figure(value: float, redrawn, sets: list[EmbeddedSet], resamples: int, seed: int, notes: list[str]) -> dict:
    sizes = [len(one.sounds) for one in sets]
    low, high = bootstrap_interval(value, redrawn, sizes, resamples, seed) if resamples else (None, None)
    return {"value": float(value), "low": low, "high": high, "note": "; ".join(notes)}
