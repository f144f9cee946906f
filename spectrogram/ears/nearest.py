"""Is a sound new? The nearest clips of a collection, so that one can hear whether a model repeats its training set.

Two sounds are compared as spectrograms of 64 bands and 40 ms, each band freed of its mean: their likeness is the
largest correlation over all shifts in time, 1 for the same recording at any loudness, whenever it begins. What is
suspicious is measured on the collection itself: how alike its own clips are to their nearest other ones.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spectrogram.codec import SpectrogramCodec
from spectrogram.files.audio import check_audio, mix_channels, read_audio, resample
from spectrogram.files.named_files import sounds_below
from spectrogram.params import SpectrogramParams
from spectrogram.problems import UsageProblem

RATE_HZ, FRAME_MS = 16000, 40.0
GRID = SpectrogramParams(RATE_HZ, FRAME_MS, 80.0, 64, 50.0, 8000.0, 64)
FLOOR_DB = 60.0
FLATTEST_DB = 1.0
SHORTEST_FRAMES = 12  # half a second
MOST_COMPARED = 200


@dataclass(frozen=True)
class Neighbour:
    """A clip of the collection, how alike it is (-1 … 1) and where in it the sound would begin."""

    path: Path
    likeness: float
    offset_s: float


@dataclass(frozen=True)
class Likeness:
    """The nearest clips, best first, and the collection's own habit: 95 % of its clips are at most `usual` alike."""

    neighbours: list[Neighbour]
    usual: float | None

    @property
    def suspicious(self) -> bool:
        """Whether the nearest clip is more alike than the collection's own clips are to one another."""
        return self.usual is not None and self.neighbours[0].likeness > max(self.usual, 0.5)


def find_nearest(sound, collection, count: int = 3, rate_hz: int | None = None) -> Likeness:
    """Likeness of a sound (path, or array (channels, samples) at `rate_hz`) to a folder or list of files.

    The sound's own file is left out of the collection. Raises UsageProblem when nothing is left to compare with.
    """
    paths = _files(collection, sound)
    prints = [fingerprint(path) for path in paths]
    own = fingerprint(sound, rate_hz)
    found = [Neighbour(path, *likeness(own, other)) for path, other in zip(paths, prints, strict=True)]
    found.sort(key=lambda neighbour: -neighbour.likeness)
    return Likeness(found[:count], _usual(prints))


def fingerprint(sound, rate_hz: int | None = None) -> np.ndarray:
    """(bands, frames) in dB, floored 60 dB under the loudest, each band without its mean."""
    if isinstance(sound, str | Path):
        audio, rate_hz = read_audio(sound, RATE_HZ, channels=1)
    else:
        if rate_hz is None:
            raise UsageProblem("an array was given without its rate", "rate_hz", "pass it")
        audio = resample(mix_channels(check_audio(sound), 1), rate_hz, RATE_HZ)
    missing = SHORTEST_FRAMES * GRID.hop_samples - audio.shape[1]
    # The first and last frame reach beyond the sound, and that step is alike in all sounds.
    levels = SpectrogramCodec(GRID).levels(np.pad(audio, ((0, 0), (0, max(0, missing)))))[0][:, 1:-1]
    levels_db = 20 * np.log10(np.maximum(levels, max(float(levels.max()), 1e-9) * 10 ** (-FLOOR_DB / 20)))
    return (levels_db - levels_db.mean(axis=1, keepdims=True)).astype(np.float32)


def likeness(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """(correlation at the best shift, where in the second the first would begin in seconds).

    Only shifts at which the shorter one overlaps by half or more count; bands that never move say nothing.
    """
    frames = first.shape[1] + second.shape[1] - 1
    size = 1 << (frames - 1).bit_length()

    def transform(values):
        return np.fft.rfft(values, size, axis=1)

    products = np.fft.irfft((np.conj(transform(first)) * transform(second)).sum(axis=0), size)
    energies = [(values**2).sum(axis=0) for values in (first, second)]
    ones = [np.ones(values.shape[1]) for values in (first, second)]
    # The energy of each in their overlap, for every shift.
    first_energy = np.fft.irfft(np.conj(np.fft.rfft(energies[0], size)) * np.fft.rfft(ones[1], size), size)
    second_energy = np.fft.irfft(np.conj(np.fft.rfft(ones[0], size)) * np.fft.rfft(energies[1], size), size)
    overlap = np.rint(np.fft.irfft(np.conj(np.fft.rfft(ones[0], size)) * np.fft.rfft(ones[1], size), size))
    enough = overlap >= min(first.shape[1], second.shape[1]) / 2
    least = FLATTEST_DB**2 * first.shape[0] * np.maximum(overlap, 1)
    scores = products / np.sqrt(np.maximum(first_energy, least) * np.maximum(second_energy, least))
    best = int(np.argmax(np.where(enough, scores, -2)))
    shift = best if best < second.shape[1] else best - size
    return float(scores[best]), shift * FRAME_MS / 1000


def _files(collection, sound) -> list[Path]:
    named = Path(sound).resolve() if isinstance(sound, str | Path) else None
    if isinstance(collection, str | Path):
        collection = sounds_below(collection)
    paths = [Path(path) for path in collection if Path(path).resolve() != named]
    if not paths:
        raise UsageProblem("there is nothing to compare with", "a folder of sounds", "check --among")
    return paths


def _usual(prints: list[np.ndarray]) -> float | None:
    """The 95th percentile of how alike each clip is to its nearest other one; None for fewer than three clips."""
    if len(prints) < 3:
        return None
    chosen = prints[:: -(-len(prints) // MOST_COMPARED)]
    nearest = np.full(len(chosen), -1.0)
    for i, first in enumerate(chosen):
        for j in range(i):
            alike = likeness(first, chosen[j])[0]
            nearest[i], nearest[j] = max(nearest[i], alike), max(nearest[j], alike)
    return float(np.percentile(nearest, 95))
