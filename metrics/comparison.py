"""All figures that two embedded sets give, each with its interval, its noise floor and what to know about it."""

import numpy as np

from metrics.distances import (
    frechet_distance,
    inception_score,
    kernel_distance,
    paired_kl,
    require_same_embedder,
)
from metrics.distances.divergence import divergence_per_row
from metrics.embedding import EmbeddedSet
from metrics.intervals import bootstrap_interval, split_half_floor

FRECHET_MEANING = "distance of the two clouds of embeddings, 0 is best"
RESAMPLES = 200


def compare(
    generated: EmbeddedSet, reference: EmbeddedSet, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, dict]:
    """{metric name: {"value", "low", "high", "note", ...}}; names carry the embedder, so figures cannot be confused."""
    require_same_embedder(generated.identity, reference.identity)
    figures = {
        frechet_key(generated.identity): _frechet(generated, reference, resamples, seed),
        f"kernel_audio_distance[{generated.identity['name']}]": _kernel(generated, reference, resamples, seed),
    }
    if generated.logits is not None:
        figures |= _class_figures(generated, reference, resamples, seed)
    return figures


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


def _class_figures(generated: EmbeddedSet, reference: EmbeddedSet, resamples: int, seed: int) -> dict[str, dict]:
    name = generated.identity["name"]
    splits = min(10, len(generated.sounds))
    score, spread = inception_score(generated.logits, splits=splits, seed=2020)
    figures = {
        f"audio_inception_score[{name}]": {
            "value": score,
            "low": score - 2 * spread,
            "high": score + 2 * spread,
            "note": f"1 to {len(generated.classes)}, higher is surer and more varied; says nothing about the reference",
            "n_used": len(generated.sounds),
        }
    }
    if set(generated.names) & set(reference.names):
        figures[f"audio_kl_divergence[{name}]"] = _paired(generated, reference, resamples, seed)
    return figures


def _paired(generated: EmbeddedSet, reference: EmbeddedSet, resamples: int, seed: int) -> dict:
    gen, ref = generated.logits_by_name(), reference.logits_by_name()
    value = paired_kl(ref, gen)
    names = value.details["names"]
    per_pair = divergence_per_row(np.stack([ref[n] for n in names]), np.stack([gen[n] for n in names]), "softmax", 1e-6)
    low, high = bootstrap_interval(value, lambda indices: per_pair[indices[0]].mean(), [len(names)], resamples, seed)
    return {
        "value": float(value),
        "low": low,
        "high": high,
        "note": "KL(reference ‖ generated) in nats over pairs of one name, eps 1e-6, at most 13.8; 0 is best",
        "n_used": len(names),
        "only_in_generated": value.details["only_in_generated"],
        "only_in_reference": value.details["only_in_reference"],
        "per_pair": dict(zip(names, value.details["per_pair"], strict=True)),
    }


def _rows(embedded: EmbeddedSet, indices) -> np.ndarray:
    return np.concatenate([embedded.clip_rows[i] for i in indices])


def _figure(value: float, redrawn, sets: list[EmbeddedSet], resamples: int, seed: int, notes: list[str]) -> dict:
    sizes = [len(one.sounds) for one in sets]
    low, high = bootstrap_interval(value, redrawn, sizes, resamples, seed) if resamples else (None, None)
    return {"value": float(value), "low": low, "high": high, "note": "; ".join(notes)}
