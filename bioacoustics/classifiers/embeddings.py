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

NOISE_DB = (5.0, 25.0)


def embedded_clips(
    where: Path | str | list[Entry],
    embedder: str | Embedder = DEFAULT,
    weights: str | None = None,
    classes: tuple[str, ...] | None = None,
    copies: int = 0,
    seed: int = 0,
) -> Clips:
    """``Clips`` whose ``stored`` (n, 1, dimensions) float32 are embeddings, the mean over the windows of each clip.

    Args:
        where: a table, a folder or entries, as ``read_clips`` takes them.
        embedder: one of ``metrics``, by name.
        weights: its local file, for those that do not come with this project.
        classes: names in the order of the columns; None takes those that occur.
        copies: how often each clip is heard again, moved in time and with noise of a random colour under it.
        seed: of the copies.
    """
    rng = np.random.default_rng(seed)
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
            sounds = [audio[0], *(varied(audio[0], rng) for _ in range(copies))]
            rows += [heard.analyse(one).rows.mean(axis=0, keepdims=True) for one in sounds]
        except (Problem, OSError) as problem:
            dropped.append((entry.path, str(problem)))
            continue
        targets += [[float(name in own) for name in classes]] * len(sounds)
        recordings += [entry.recording or entry.clip_id] * len(sounds)
        files += [entry.path] * len(sounds)
    if not rows:
        reason = dropped[0][1] if dropped else "there is none"
        raise ClipsProblem(
            f"no clip can be used ({reason})", "sounds with a column label, or one folder a class", "add some"
        )
    stored = np.stack(rows).astype(np.float32)
    return Clips(stored, np.array(targets, np.float32), classes, np.array(recordings), tuple(files), tuple(dropped))


def varied(audio: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A sound moved in time, the end coming back at the beginning, louder or softer, over noise of a random colour."""
    moved = np.roll(audio, int(rng.integers(len(audio))))
    spectrum = np.fft.rfft(rng.standard_normal(len(audio)))
    slope = rng.uniform(-1.0, 0.5)
    noise = np.fft.irfft(spectrum * np.maximum(np.arange(len(spectrum)), 1.0) ** slope, len(audio))
    below = 10 ** (-rng.uniform(*NOISE_DB) / 20) * moved.std() / max(float(noise.std()), 1e-12)
    return (10 ** (rng.uniform(-6, 0) / 20) * (moved + below * noise)).astype(np.float32)
