"""Long sound: where to cut it into pictures, and how to join the pieces that come back.

Two neighbouring pictures hold the same moment, but phases are found anew in each, so a plain crossfade cancels. The
seam is laid where both waves agree best within a few milliseconds, the later piece takes the earlier one's gain, and
the fade keeps power for whatever correlation is left. Blocks stream through: memory does not grow with duration.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from spectrogram.problems import UsageProblem

SEARCH_S = 0.012  # half a period of 42 Hz: as far as a seam may move to meet the wave
GREATEST_MATCH_DB = 6.0


def starts_s(seconds: float, clip_seconds: float, overlap_s: float = 0.0) -> list[float]:
    """Start of each picture that together cover `seconds`, the last one reaching past the end."""
    if not 0 <= overlap_s < clip_seconds:
        raise UsageProblem(f"the overlap is {overlap_s} s", f"0 to less than {clip_seconds:g} s", "shorten the overlap")
    step_s = clip_seconds - overlap_s
    count = max(1, int(np.ceil((seconds - overlap_s - 1e-3) / step_s)))
    return [index * step_s for index in range(count)]


def join(pieces: Iterable[tuple[np.ndarray, int]], sample_rate_hz: int) -> Iterator[np.ndarray]:
    """Blocks (channels, samples) of one sound made of (audio (channels, samples), first sample) in ascending order.

    Where pieces overlap they are aligned, matched in gain and crossfaded; a gap between them is filled with silence.
    """
    held, held_start, search = None, 0, round(SEARCH_S * sample_rate_hz)
    for audio, start in pieces:
        if held is None:
            held, held_start = audio, start
            continue
        end = held_start + held.shape[1]
        if start <= held_start:
            raise UsageProblem(f"a piece starts at sample {start}", f"one after {held_start}", "sort the pieces")
        yield held[:, : start - held_start]
        if end <= start:
            if end < start:
                yield np.zeros((held.shape[0], start - end), np.float32)
            held, held_start = audio, start
            continue
        held, held_start = seam(held[:, start - held_start :], audio, search), start
    if held is not None:
        yield held


def exactly(blocks: Iterable[np.ndarray], samples: int) -> Iterator[np.ndarray]:
    """The blocks as so many samples in all: seams that moved a piece leave the sound a few too long or too short."""
    left, channels = samples, 1
    for block in blocks:
        channels = block.shape[0]
        if left:
            yield block[:, :left]
        left = max(0, left - block.shape[1])
    if left:
        yield np.zeros((channels, left), np.float32)


def seam(tail: np.ndarray, piece: np.ndarray, search: int) -> np.ndarray:
    """The piece with its beginning crossfaded from `tail` (channels, overlap), aligned within ±search samples."""
    overlap = min(tail.shape[1], piece.shape[1])
    lag = best_lag(tail.mean(axis=0), piece.mean(axis=0), min(search, overlap // 4))
    moved = piece[:, lag:] if lag >= 0 else np.concatenate([np.zeros((len(piece), -lag), np.float32), piece], axis=1)
    overlap = min(overlap, moved.shape[1])
    first = max(0, -lag)  # what the shift left silent stays the tail's
    old, new = tail[:, first:overlap], moved[:, first:overlap]
    ratio = np.sqrt((np.mean(old**2) + 1e-12) / (np.mean(new**2) + 1e-12))
    limit = 10 ** (GREATEST_MATCH_DB / 20)
    gain = np.linspace(np.clip(ratio, 1 / limit, limit), 1, old.shape[1], dtype=np.float32)
    later = np.linspace(0, 1, old.shape[1], dtype=np.float32)
    likeness = np.clip(np.sum(old * new) / (np.sqrt(np.sum(old**2) * np.sum(new**2)) + 1e-12), 0, 1)
    power = np.sqrt((1 - later) ** 2 + later**2 + 2 * likeness * later * (1 - later))
    faded = (old * (1 - later) + new * gain * later) / power
    return np.concatenate([tail[:, :first], faded, moved[:, overlap:]], axis=1).astype(np.float32)


def best_lag(tail: np.ndarray, piece: np.ndarray, search: int) -> int:
    """How many samples of the piece to skip (negative: delay it) so that it agrees best with the tail."""
    overlap = min(len(tail), len(piece)) - 2 * search
    if search < 1 or overlap < 16:
        return 0
    middle = tail[search : search + overlap]
    size = 1 << int(np.ceil(np.log2(2 * len(tail))))
    spectrum = np.fft.rfft(piece[: overlap + 2 * search], size) * np.conj(np.fft.rfft(middle, size))
    likeness = np.fft.irfft(spectrum, size)[: 2 * search + 1]
    return int(np.argmax(likeness)) - search
