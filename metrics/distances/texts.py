"""How well sounds fit their texts, from embeddings of both in one space."""

import numpy as np

from metrics.distances.samples import SampleProblem, check_pair
from metrics.distances.value import Value


def text_sound_cosine(sounds, texts, captions: list[str] | None = None) -> Value:
    """Mean cosine of row i of sounds with row i of texts, both (n, d); 1 is best.

    `details` hold per_clip. With the captions themselves also `shuffled`, the mean cosine with all other captions (what
    chance gives), and `first`, the share of clips that lie nearer to their own caption than to any other; both only
    where two different captions occur.
    """
    sounds, texts = check_pair(sounds, texts, minimum_rows=1)
    if len(sounds) != len(texts):
        raise SampleProblem(f"{len(sounds)} sounds and {len(texts)} texts", "as many of each", "pair them first")
    sounds, texts = (_unit(rows, name) for rows, name in ((sounds, "sound"), (texts, "text")))
    cosines = np.sum(sounds * texts, axis=1)
    details = {"per_clip": cosines.tolist()}
    different = [] if captions is None else sorted(set(captions))
    if len(different) > 1:
        table = sounds @ texts[[captions.index(text) for text in different]].T
        own = np.array([different.index(text) for text in captions])
        others = np.ones(table.shape, dtype=bool)
        others[np.arange(len(own)), own] = False
        details |= {"shuffled": float(table[others].mean()), "first": float(np.mean(table.argmax(axis=1) == own))}
    return Value(cosines.mean(), **details)


def _unit(rows: np.ndarray, name: str) -> np.ndarray:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if (lengths == 0).any():
        raise SampleProblem(
            f"{name} embedding {int(np.argmin(lengths))} has length 0", "a direction", "leave this pair out"
        )
    return rows / lengths
