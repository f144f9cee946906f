"""Recordings as the embedders of ``metrics`` hear them, for linear heads: one row of numbers a clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bioacoustics.classifiers.clips import Clips, ClipsProblem, labels_of
from dataset_builder.intake.captions import read_entries
from dataset_builder.intake.entries import Entry
from metrics.embedders.interface import Embedder
from metrics.embedders.registry import DEFAULT, load
from spectrogram.files.audio import read_audio
from spectrogram.problems import Problem


def embedded_clips(
    where: Path | str | list[Entry],
    embedder: str | Embedder = DEFAULT,
    weights: str | None = None,
    classes: tuple[str, ...] | None = None,
) -> Clips:
    """``Clips`` whose ``stored`` (n, 1, dimensions) float32 are embeddings, the mean over the windows of each clip.

    Args:
        where: a table, a folder or entries, as ``read_clips`` takes them.
        embedder: one of ``metrics``, by name.
        weights: its local file, for those that do not come with this project.
        classes: names in the order of the columns; None takes those that occur.
    """
    heard = load(embedder, weights) if isinstance(embedder, str) else embedder
    entries = where if isinstance(where, list) else read_entries(Path(where))
    classes = classes or tuple(sorted({label for entry in entries for label in labels_of(entry)}))
    rows, targets, recordings, files, dropped = [], [], [], [], []
    for entry in entries:
        own = [label for label in labels_of(entry) if label in classes]
        try:
            if not own:
                dropped.append((entry.path, "no label that is known"))
                continue
            audio, _ = read_audio(entry.path, heard.sample_rate_hz, 1, entry.start_s, entry.seconds)
            rows.append(heard.analyse(audio[0]).rows.mean(axis=0, keepdims=True))
        except (Problem, OSError) as problem:
            dropped.append((entry.path, str(problem)))
            continue
        targets.append([float(name in own) for name in classes])
        recordings.append(entry.recording or entry.clip_id)
        files.append(entry.path)
    if not rows:
        reason = dropped[0][1] if dropped else "there is none"
        raise ClipsProblem(
            f"no clip can be used ({reason})", "sounds with a column label, or one folder a class", "add some"
        )
    stored = np.stack(rows).astype(np.float32)
    return Clips(stored, np.array(targets, np.float32), classes, np.array(recordings), tuple(files), tuple(dropped))
