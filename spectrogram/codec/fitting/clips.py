"""Sounds that the codec's inverse, kernels and network learn from: recordings, and tones that are composed here."""

from pathlib import Path

import numpy as np

from spectrogram.files.audio import read_audio
from spectrogram.params import SpectrogramParams

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")


def sound_files(folders: list[str]) -> list[Path]:
    """Audio files in the folders, in order."""
    return sorted(file for folder in folders for file in Path(folder).rglob("*") if file.suffix in SUFFIXES)


def synthetic_clip(params: SpectrogramParams, rng: np.random.Generator) -> np.ndarray:
    """Audio (samples,): one to four gliding harmonic tones with random envelopes over coloured noise."""
    seconds = np.arange(params.clip_samples) / params.sample_rate_hz
    audio = np.zeros(len(seconds))
    for _ in range(rng.integers(1, 5)):
        start_hz = np.exp(rng.uniform(np.log(60), np.log(0.4 * params.sample_rate_hz)))
        glide = rng.choice([0.0, rng.normal(0, 0.3), rng.normal(0, 2.0)])
        wobble = rng.choice([0.0, rng.uniform(0, 0.05)]) * np.sin(2 * np.pi * rng.uniform(2, 9) * seconds)
        turns = np.cumsum(start_hz * np.exp2(glide * seconds / seconds[-1] + wobble)) / params.sample_rate_hz
        for harmonic in range(1, int(rng.choice([1, 1, 3, 12])) + 1):
            audible = start_hz * harmonic * 2 ** max(glide, 0) < 0.48 * params.sample_rate_hz
            audio += audible * rng.uniform(0, 1) / harmonic * np.sin(2 * np.pi * (harmonic * turns + rng.uniform()))
    knots = rng.uniform(-30, 0, rng.integers(2, 40))
    audio *= 10 ** (np.interp(seconds, np.linspace(0, seconds[-1], len(knots)), knots) / 20)
    audio += 10 ** rng.uniform(-5, -1) * rng.normal(size=len(seconds))
    return (audio * 10 ** rng.uniform(-1.5, 0) / np.abs(audio).max()).astype(np.float32)


def recorded_clip(files: list[Path], params: SpectrogramParams, rng: np.random.Generator) -> np.ndarray:
    """Audio (samples,) from a random place of a random file, at a random level."""
    audio, _ = read_audio(files[rng.integers(len(files))], params.sample_rate_hz, channels=1)
    first = rng.integers(max(1, audio.shape[1] - params.clip_samples))
    clip = audio[0, first : first + params.clip_samples]
    return np.pad(clip, (0, params.clip_samples - len(clip))) * np.float32(10 ** rng.uniform(-1, 0))
