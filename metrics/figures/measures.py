"""Each metric as two functions of two embedded sets: its value, and its values on many redraws of the clips at once."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from metrics.distances import frechet_distance, inception_score, kernel_distance, median_distance
from metrics.distances.divergence import divergence_per_row
from metrics.distances.kernels import redrawn_kernel_distances
from metrics.figures.intervals import counts_of, redrawn_means
from metrics.sets.embedding import EmbeddedSet

KL_EPS = 1e-6
INCEPTION_SEED = 2020


@dataclass(frozen=True)
class Measure:
    """value(generated, reference), and redrawn(generated, reference, indices, indices) -> one figure a redraw.

    Indices are (redraws, clips) of each set. `lower_is_better` tells how to read a difference.
    """

    value: Callable[[EmbeddedSet, EmbeddedSet], float]
    redrawn: Callable[[EmbeddedSet, EmbeddedSet, np.ndarray, np.ndarray], np.ndarray]
    lower_is_better: bool = True


def measures_of(generated: EmbeddedSet, reference: EmbeddedSet) -> dict[str, Measure]:
    """{metric: Measure} for what these sets can give; names carry the embedder, so figures cannot be confused."""
    name = generated.identity["name"]
    measures = {frechet_key(generated.identity): FRECHET, f"kernel_audio_distance[{name}]": KERNEL}
    if generated.logits is None:
        return measures
    measures[f"audio_inception_score[{name}]"] = INCEPTION
    if set(generated.names) & set(reference.names):
        measures[f"audio_kl_divergence[{name}]"] = PAIRED_KL
    if any(sound.label in generated.classes for sound in generated.sounds):
        measures[f"prompted_class_accuracy[{name}]"] = PROMPTED_CLASS
    return measures


def frechet_key(identity: dict) -> str:
    """`frechet_audio_distance` for VGGish alone, which published figures use; every other embedder is named."""
    return "frechet_audio_distance" if identity["name"] == "vggish" else f"frechet_distance[{identity['name']}]"


def kl_per_clip(generated: EmbeddedSet, reference: EmbeddedSet) -> tuple[np.ndarray, np.ndarray]:
    """(KL(reference ‖ generated) of each generated clip, which clips have a reference clip of their name)."""
    position = {name: i for i, name in enumerate(reference.names)}
    paired = np.array([name in position for name in generated.names])
    values = np.zeros(len(paired))
    if paired.any():
        partners = [position[name] for name in generated.names if name in position]
        values[paired] = divergence_per_row(reference.logits[partners], generated.logits[paired], "softmax", KL_EPS)
    return values, paired


def class_heard(generated: EmbeddedSet) -> tuple[np.ndarray, np.ndarray]:
    """(1 where the most likely class of a clip is its label, which clips have a label that the classifier knows)."""
    known = np.array([sound.label in generated.classes for sound in generated.sounds])
    heard = generated.logits.argmax(axis=1)
    right = [k and generated.classes[h] == s.label for k, h, s in zip(known, heard, generated.sounds, strict=True)]
    return np.array(right, dtype=float), known


def inception_splits(generated: EmbeddedSet) -> int:
    """Ten as usual, fewer for fewer clips."""
    return min(10, len(generated.sounds))


def _rows(embedded: EmbeddedSet, indices: np.ndarray) -> np.ndarray:
    return np.concatenate([embedded.clip_rows[i] for i in indices])


def _frechet_redrawn(generated, reference, draws, reference_draws) -> np.ndarray:
    pairs = zip(draws, reference_draws, strict=True)
    return np.array([frechet_distance(_rows(generated, a), _rows(reference, b)) for a, b in pairs])


def _kernel_redrawn(generated, reference, draws, reference_draws) -> np.ndarray:
    """With the bandwidth of the whole reference, whatever was drawn."""
    weights, reference_weights = (
        np.repeat(counts_of(indices, len(one.sounds)), [len(rows) for rows in one.clip_rows], axis=1)
        for one, indices in ((generated, draws), (reference, reference_draws))
    )
    bandwidth = median_distance(reference.rows)
    return redrawn_kernel_distances(generated.rows, reference.rows, weights, reference_weights, bandwidth)


def _inception_redrawn(generated, reference, draws, reference_draws) -> np.ndarray:
    splits = inception_splits(generated)
    return np.array([inception_score(generated.logits[rows], splits, INCEPTION_SEED)[0] for rows in draws])


def _mean_of(values_and_used: tuple[np.ndarray, np.ndarray]) -> float:
    values, used = values_and_used
    return float(values[used].mean())


def _redrawn_mean_of(values_and_used: tuple[np.ndarray, np.ndarray], draws: np.ndarray) -> np.ndarray:
    return redrawn_means(values_and_used[0], draws, values_and_used[1])


FRECHET = Measure(lambda g, r: frechet_distance(g.rows, r.rows), _frechet_redrawn)
KERNEL = Measure(lambda g, r: kernel_distance(g.rows, r.rows), _kernel_redrawn)
INCEPTION = Measure(
    lambda g, r: inception_score(g.logits, inception_splits(g), INCEPTION_SEED)[0], _inception_redrawn, False
)
PAIRED_KL = Measure(lambda g, r: _mean_of(kl_per_clip(g, r)), lambda g, r, a, b: _redrawn_mean_of(kl_per_clip(g, r), a))
PROMPTED_CLASS = Measure(
    lambda g, r: _mean_of(class_heard(g)), lambda g, r, a, b: _redrawn_mean_of(class_heard(g), a), False
)
