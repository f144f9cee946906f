"""All figures that two embedded sets give, each with its interval, its noise floor and what to know about it."""

import numpy as np

from metrics.distances import inception_score, median_distance, require_same_embedder
from metrics.distances.samples import SampleProblem
from metrics.figures.intervals import RESAMPLES, halves, interval_around, redraws
from metrics.figures.measures import (
    FRECHET,
    INCEPTION,
    INCEPTION_SEED,
    KERNEL,
    PAIRED_KL,
    PROMPTED_CLASS,
    Measure,
    class_heard,
    inception_splits,
    kl_per_clip,
    measures_of,
)
from metrics.sets.embedding import EmbeddedSet


def compare(
    generated: EmbeddedSet, reference: EmbeddedSet, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, dict]:
    """{metric: {"value", "low", "high", "note", ...}}; names carry the embedder, so figures cannot be confused.

    A figure that these sets cannot give has the value None and its cause as note.
    """
    require_same_embedder(generated.identity, reference.identity)
    figures = {}
    for name, measure in measures_of(generated, reference).items():
        try:
            figures[name] = _figure(measure, generated, reference, resamples, seed)
        except SampleProblem as problem:
            figures[name] = {"value": None, "low": None, "high": None, "note": f"not computed: {problem}"}
    return figures


def _figure(measure: Measure, generated: EmbeddedSet, reference: EmbeddedSet, resamples: int, seed: int) -> dict:
    value = float(measure.value(generated, reference))
    low, high = None, None
    if resamples:
        draws = [redraws(len(one.sounds), resamples, seed, i) for i, one in enumerate((generated, reference))]
        low, high = interval_around(value, measure.redrawn(generated, reference, *draws))
    if low is not None and measure in LEAST:
        low = max(low, LEAST[measure])
    return {"value": value, "low": low, "high": high} | DETAILS[measure](generated, reference, seed)


def _floor(measure: Measure, reference: EmbeddedSet, seed: int) -> float | None:
    parts = halves(len(reference.sounds), seed=seed)
    return None if parts is None else float(np.mean(measure.redrawn(reference, reference, *parts)))


def _about_frechet(generated: EmbeddedSet, reference: EmbeddedSet, seed: int) -> dict:
    notes = ["distance of the two clouds of embeddings, 0 is best"]
    dimensions = generated.rows.shape[1]
    fewest = min(len(generated.rows), len(reference.rows))
    if fewest <= dimensions:
        notes.append(f"{fewest} rows for {dimensions} dimensions: strongly biased upwards, compare only at equal N")
    if generated.identity["name"] != "vggish":
        notes.append("not comparable with published FAD")
    return {"note": "; ".join(notes), "noise_floor": _floor(FRECHET, reference, seed)}


def _about_kernel(generated: EmbeddedSet, reference: EmbeddedSet, seed: int) -> dict:
    bandwidth = median_distance(reference.rows)
    note = f"unbiased, so it may fall below 0 for equal sets; 0 is best; bandwidth {bandwidth:.4g}"
    return {"note": note, "noise_floor": _floor(KERNEL, reference, seed)}


def _about_inception(generated: EmbeddedSet, reference: EmbeddedSet, seed: int) -> dict:
    splits = inception_splits(generated)
    return {
        "note": f"1 to {len(generated.classes)}, higher is surer and more varied; it never looks at the reference",
        "n_used": len(generated.sounds),
        "splits": splits,
        "std": inception_score(generated.logits, splits, INCEPTION_SEED)[1],
    }


def _about_kl(generated: EmbeddedSet, reference: EmbeddedSet, seed: int) -> dict:
    values, paired = kl_per_clip(generated, reference)
    names = np.array(generated.names)
    return {
        "note": "KL(reference ‖ generated) in nats over pairs of one name, eps 1e-6, at most 13.8; 0 is best",
        "n_used": int(paired.sum()),
        "only_in_generated": names[~paired].tolist(),
        "only_in_reference": sorted(set(reference.names) - set(generated.names)),
        "per_pair": dict(zip(names[paired].tolist(), values[paired].tolist(), strict=True)),
    }


def _about_class(generated: EmbeddedSet, reference: EmbeddedSet, seed: int) -> dict:
    right, known = class_heard(generated)
    labels = np.array([sound.label for sound in generated.sounds])
    by_class = {}
    for name in sorted(set(labels[known].tolist()), key=generated.classes.index):
        here = known & (labels == name)
        by_class[name] = {"accuracy": float(right[here].mean()), "n": int(here.sum())}
    return {
        "note": "share of generated clips that the classifier puts into the class of their label; 1 is best",
        "n_used": int(known.sum()),
        "by_class": by_class,
    }


DETAILS = {
    FRECHET: _about_frechet,
    KERNEL: _about_kernel,
    INCEPTION: _about_inception,
    PAIRED_KL: _about_kl,
    PROMPTED_CLASS: _about_class,
}
LEAST = {FRECHET: 0.0, INCEPTION: 1.0}  # where an interval may not reach below
