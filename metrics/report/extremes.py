"""The clips to listen to first: the worst and the best ones, each beside the reference clip it is compared with."""

from dataclasses import dataclass

import numpy as np

from metrics.distances.divergence import divergence_per_row
from metrics.sets.embedding import EmbeddedSet
from metrics.sets.sound_set import Sound


@dataclass(frozen=True)
class Pair:
    """A generated clip, its reference clip, and how far they are apart (by `measure`)."""

    generated: Sound
    reference: Sound
    distance: float
    measure: str


def worst_and_best(generated: EmbeddedSet, reference: EmbeddedSet, count: int = 4) -> tuple[list[Pair], list[Pair]]:
    """The pairs furthest apart and those nearest: by KL where clips share names, else by the nearest reference clip."""
    shared = set(generated.names) & set(reference.names)
    pairs = (
        _by_name(generated, reference) if shared and generated.logits is not None else _by_nearest(generated, reference)
    )
    pairs.sort(key=lambda pair: pair.distance)
    count = min(count, max(1, len(pairs) // 2))
    return pairs[::-1][:count], pairs[:count]


def _by_name(generated: EmbeddedSet, reference: EmbeddedSet) -> list[Pair]:
    position = {name: i for i, name in enumerate(reference.names)}
    chosen = [(i, position[name]) for i, name in enumerate(generated.names) if name in position]
    gen = np.stack([generated.clip_logits[i] for i, _ in chosen])
    ref = np.stack([reference.clip_logits[j] for _, j in chosen])
    distances = divergence_per_row(ref, gen, "softmax", 1e-6)
    return [
        Pair(generated.sounds[i], reference.sounds[j], float(d), "KL in nats")
        for (i, j), d in zip(chosen, distances, strict=True)
    ]


def _by_nearest(generated: EmbeddedSet, reference: EmbeddedSet) -> list[Pair]:
    means = np.stack([rows.mean(axis=0) for rows in reference.clip_rows])
    pairs = []
    for sound, rows in zip(generated.sounds, generated.clip_rows, strict=True):
        distances = np.linalg.norm(means - rows.mean(axis=0), axis=1)
        nearest = int(distances.argmin())
        pairs.append(Pair(sound, reference.sounds[nearest], float(distances[nearest]), "to the nearest reference"))
    return pairs
