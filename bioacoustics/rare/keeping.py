"""Which generated clips are let in: those that an ear of another kind than the classifier hears as their class.

The ear is a linear head on embeddings, taught from the few real clips alone.  A clip whose class comes first is kept.
The keep rate says what share of a class's clips that is; by chance it would be one in as many as there are classes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bioacoustics.classifiers.clips import Clips
from bioacoustics.classifiers.embeddings import embedded_clips
from bioacoustics.classifiers.trainer import TrainingSettings, fit, scores
from dataset_builder.intake.entries import Entry

EAR = TrainingSettings(network="linear", steps=300, batch=16, rate=1e-2, dropout=0.2, smoothing=0.0)


def generated_entries(files: dict[str, list[Path]]) -> list[Entry]:
    """Entries of generated clips; each is its own recording."""
    return [
        Entry(
            clip_id=f"{name}/{file.stem}", path=str(file), captions=(name,), label=name, recording=f"generated:{file}"
        )
        for name, own in files.items()
        for file in own
    ]


def kept(few: list[Entry], generated: list[Entry], embedder: str, weights: str | None, seed: int) -> list[bool]:
    """Whether each generated clip is heard as its class.

    Args:
        few: the real clips that teach the ear.
        generated: clips to judge.
        embedder: one of ``metrics``; it must not be what the classifiers of the loop stand on.
    """
    classes = tuple(sorted({entry.label for entry in few}))
    real = embedded_clips(few, embedder, weights, classes)
    heard = embedded_clips(generated, embedder, weights, classes)
    ear = fit(real, None, TrainingSettings(**{**vars(EAR), "seed": seed}))
    likeliest = scores(ear.network, heard, None, several=False).argmax(axis=1)
    right = dict(zip(heard.files, likeliest == heard.labels, strict=True))
    # What could not be heard at all is not let in.
    return [bool(right.get(entry.path, False)) for entry in generated]


def keep_rates(generated: list[Entry], right: list[bool]) -> dict[str, dict]:
    """{class: {"generated", "kept", "rate"}}."""
    names = np.array([entry.label for entry in generated])
    table = {}
    for name in sorted(set(names)):
        own = np.array(right)[names == name]
        table[name] = {"generated": len(own), "kept": int(own.sum()), "rate": float(own.mean())}
    return table


def shuffled_labels(clips: Clips, seed: int) -> Clips:
    """The same clips with each other's labels: a control that must teach nothing."""
    order = np.random.default_rng(seed).permutation(len(clips))
    return Clips(clips.stored, clips.targets[order], clips.classes, clips.recordings, clips.files)
