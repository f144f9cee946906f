"""Acoustic fingerprints that find the same recording again after re-encoding, another level or a shifted cut.

Own code after Haitsma & Kalker (2002), read off the spectrogram picture: 32 bits a frame, the signs of how the level
differences between 33 neighbouring bands change in time.  A gain cancels; white noise shares no words with itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BANDS = 33
SMOOTHED_S = 0.32
STEP_S = 0.02
# A frame says nothing when its loudest band is darker than QUIET or its bands change less than STILL (grey levels).
QUIET = 50
STILL = 0.05
LEAST_CHANGE = 0.1  # grey levels; what is less may be rounding and counts as none
LARGEST_ERROR = 0.28
FEWEST_FRAMES = 25
COMMON_WORD = 20


@dataclass(frozen=True)
class Twin:
    """Two clips (indices) that sound the same: ``error`` is the share of differing bits, ``shift`` in frames."""

    first: int
    second: int
    error: float
    shift: int


def fingerprint(pixels: np.ndarray, clip_seconds: float) -> np.ndarray:
    """uint32 words, one a frame of 20 ms, 0 for a quiet frame, from a picture (rows, columns) of 0 to 255."""
    frames = max(2, round(clip_seconds / STEP_S))
    columns = np.linspace(0, pixels.shape[1] - 1, frames).round().astype(int)
    bands = np.stack([rows.mean(axis=0) for rows in np.array_split(pixels[:, columns].astype(np.float32), BANDS)])
    width = round(SMOOTHED_S / STEP_S)
    sums = np.cumsum(np.pad(bands, ((0, 0), (width, 0))), axis=1)
    smooth = (sums[:, width:] - sums[:, :-width]) / width
    change = np.diff(np.diff(smooth, axis=0), axis=1, prepend=0)
    words = (np.uint32(1) << np.arange(BANDS - 1, dtype=np.uint32)) @ (change > LEAST_CHANGE).astype(np.uint32)
    # A steady tone or a band of digital silence has no change whose sign could be told from rounding.
    telling = (bands.max(axis=0) > QUIET) & (np.median(np.abs(change), axis=0) > STILL)
    return np.where(telling & (np.arange(frames) >= width), words, 0).astype(np.uint32)


def twins(prints: list[np.ndarray]) -> list[Twin]:
    """All pairs of clips of which at least half a second agrees in more than 72 of 100 bits, the best shift of each."""
    found: dict[tuple[int, int], Twin] = {}
    for first, second, shift in candidates(prints):
        error, frames = bit_error(prints[first], prints[second], shift)
        known = found.get((first, second))
        if frames >= FEWEST_FRAMES and error <= LARGEST_ERROR and (known is None or error < known.error):
            found[first, second] = Twin(first, second, error, shift)
    return sorted(found.values(), key=lambda twin: (twin.first, twin.second))


def candidates(prints: list[np.ndarray]) -> set[tuple[int, int, int]]:
    """(first, second, shift) of clips that share a word that is not common."""
    words = np.concatenate([np.zeros(0, np.uint32), *prints])
    clips = np.repeat(np.arange(len(prints)), [len(one) for one in prints])
    frames = np.concatenate([np.zeros(0, int), *(np.arange(len(one)) for one in prints)])
    order = np.argsort(words, kind="stable")
    order = order[words[order] != 0]
    starts = np.flatnonzero(np.diff(words[order], prepend=0))
    pairs: set[tuple[int, int, int]] = set()
    for group in np.split(order, starts[1:]):
        if not 1 < len(group) <= COMMON_WORD or len(np.unique(clips[group])) < 2:
            continue
        for place, one in enumerate(group):
            for other in group[place + 1 :]:
                if clips[one] != clips[other]:
                    pairs.add((int(clips[one]), int(clips[other]), int(frames[other] - frames[one])))
    return pairs


def bit_error(first: np.ndarray, second: np.ndarray, shift: int) -> tuple[float, int]:
    """Share of differing bits over the frames that both say something about, and how many they are."""
    length = min(len(first) - max(0, -shift), len(second) - max(0, shift))
    one = first[max(0, -shift) :][:length]
    other = second[max(0, shift) :][:length]
    both = (one != 0) & (other != 0)
    frames = int(both.sum())
    return (float(np.bitwise_count(one[both] ^ other[both]).mean()) / 32 if frames else 1.0), frames
