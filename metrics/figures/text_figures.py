"""How well generated clips fit their captions: one figure that a text embedder gives, under a name that tells which."""

import numpy as np

from metrics.distances.texts import text_sound_cosine
from metrics.embedders.interface import TextEmbedder
from metrics.figures.intervals import interval_around, redrawn_means, redraws
from metrics.figures.records import TEXT_SCORE
from metrics.sets.embedding import EmbeddedSet


def text_figure(generated: EmbeddedSet, embedder: TextEmbedder, resamples: int, seed: int) -> dict[str, dict]:
    """{name: figure} over the clips that have a caption; nothing where none has."""
    captioned = [i for i, sound in enumerate(generated.sounds) if sound.caption]
    if not captioned:
        return {}
    captions = [generated.sounds[i].caption for i in captioned]
    rows = np.concatenate([generated.clip_rows[i] for i in captioned])
    different = sorted(set(captions))
    texts = embedder.embed_texts(different)[[different.index(text) for text in captions]]
    value = text_sound_cosine(rows, texts, captions)
    cosines = np.array(value.details["per_clip"])
    low, high = None, None
    if resamples:
        low, high = interval_around(float(value), redrawn_means(cosines, redraws(len(cosines), resamples, seed)))
    note = "mean cosine of clip and caption, higher is nearer"
    if "shuffled" in value.details:
        shuffled, first = value.details["shuffled"], value.details["first"]
        note += f"; other captions give {shuffled:.3g}, the own one is the nearest of {len(different)} for {first:.0%}"
    figure = {"value": float(value), "low": low, "high": high, "note": note, "n_used": len(captioned)}
    names = [generated.names[i] for i in captioned]
    details = value.details | {
        "per_clip": dict(zip(names, cosines.tolist(), strict=True)),
        "embedder": embedder.identity,
    }
    return {TEXT_SCORE.key(generated.identity): figure | details}
