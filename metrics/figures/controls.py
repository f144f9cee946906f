"""Rows that any figure should be read against: silence, white noise, shuffled pairs, and what the codec alone does.

A model cannot come nearer to its reference than the codec ceiling, and one that does not beat white noise has learnt
nothing that this embedder hears.
"""

from collections.abc import Callable

import numpy as np

from metrics.embedders.interface import Analysis, Embedder
from metrics.figures.comparison import compare
from metrics.sets.embedding import EmbeddedSet
from spectrogram.codec import SpectrogramCodec
from spectrogram.files.audio import read_audio, resample
from spectrogram.params import SpectrogramParams

NOISE_RMS = 0.1


def control_rows(
    embedder: Embedder, reference: EmbeddedSet, preset: str = "mini", seed: int = 0, on_clip: Callable | None = None
) -> dict[str, dict[str, float]]:
    """{row: {metric: value}} for four made-up generated sets as large as the reference, each against the reference."""
    makers = {
        "silence": lambda audio, rng: np.zeros_like(audio),
        "white noise": lambda audio, rng: rng.normal(scale=NOISE_RMS, size=audio.shape).astype(np.float32),
        f"codec ceiling ({preset})": _codec_round_trip(preset, embedder.sample_rate_hz),
    }
    rows = {}
    for name, make in makers.items():
        made = _made_set(embedder, reference, make, np.random.default_rng(seed), on_clip)
        rows[name] = values_of(compare(made, reference, resamples=0, seed=seed))
    rows["shuffled pairs"] = values_of(compare(_shuffled(reference, seed), reference, resamples=0, seed=seed))
    return rows


def values_of(figures: dict[str, dict]) -> dict[str, float]:
    """{metric: value} without notes."""
    return {name: figure["value"] for name, figure in figures.items()}


def clip_count(reference: EmbeddedSet) -> int:
    """How many clips `control_rows` embeds."""
    return 3 * len(reference.sounds)


def _made_set(embedder: Embedder, reference: EmbeddedSet, make, rng, on_clip) -> EmbeddedSet:
    analyses = []
    for sound in reference.sounds:
        audio, _ = read_audio(sound.path, sample_rate_hz=embedder.sample_rate_hz, channels=1)
        analyses.append(embedder.analyse(make(audio[0], rng)))
        if on_clip:
            on_clip()
    return like(reference, analyses)


def like(reference: EmbeddedSet, analyses: list[Analysis]) -> EmbeddedSet:
    """The reference set with other embeddings under the same names."""
    logits = [one.logits for one in analyses] if reference.clip_logits is not None else None
    rows = [one.rows for one in analyses]
    return EmbeddedSet(reference.identity, reference.sounds, rows, logits, [], reference.classes)


def _shuffled(reference: EmbeddedSet, seed: int) -> EmbeddedSet:
    """The reference with every clip under the name of another one, half the set further on in a random order."""
    order = np.random.default_rng(seed).permutation(len(reference.sounds))
    partner = np.empty_like(order)
    partner[order] = np.roll(order, len(order) // 2)
    logits = None if reference.clip_logits is None else [reference.clip_logits[i] for i in partner]
    rows = [reference.clip_rows[i] for i in partner]
    return EmbeddedSet(reference.identity, reference.sounds, rows, logits, [], reference.classes)


def _codec_round_trip(preset: str, rate_hz: int):
    codec = SpectrogramCodec(SpectrogramParams.preset(preset))

    def round_trip(audio: np.ndarray, rng) -> np.ndarray:
        """Piece by piece of the codec's length, cut to the length of the clip."""
        size = round(codec.params.clip_seconds * rate_hz)
        pieces = [audio[None, start : start + size] for start in range(0, len(audio), size)]
        decoded = [codec.decode(codec.encode(piece, rate_hz)) for piece in pieces]
        return np.concatenate([resample(heard, heard_hz, rate_hz)[0] for heard, heard_hz in decoded])[: len(audio)]

    return round_trip
