"""Phases along the hills of each frame: a fifth of the queue's time, a little worse (see `phase`), compiled.

Each frame is cut at its local minima. A hill takes its phase from the earlier frame where that is loudest under it, and
follows the gradient over its bins both ways; a valley louder than the earlier frame under it joins its two hills.
`on_tensors.phase` does the same for whole batches on a device.
"""

import math

import numpy as np

from spectrogram.codec.compiled import compiled
from spectrogram.codec.phase import HANN_GAMMA, TURN, bins_off
from spectrogram.params import SpectrogramParams


def follow_hills(log_magnitude: np.ndarray, params: SpectrogramParams, seed: int) -> np.ndarray:
    """Phases as uint32 turns (frames, bins) for natural-log magnitudes of the same shape, float32."""
    hop, size, gamma = params.hop_samples, params.fft_samples, HANN_GAMMA * params.window_samples**2
    advance = (np.arange(log_magnitude.shape[1], dtype=np.int64) * hop % size) / size
    start = np.random.default_rng(seed).integers(0, 1 << 32, log_magnitude.shape[1], dtype=np.uint32)
    per_bin = np.float32(hop / size)
    per_frame = np.float32(-gamma / (8 * math.pi * hop * size))
    return _follow(log_magnitude, advance.astype(np.float32), start, per_bin, per_frame)


@compiled
def _follow(logs, advance, start, per_bin, per_frame):
    frames, bins = logs.shape
    phase, half = np.empty((frames, bins), np.uint32), np.float32(0.5)
    course, slope, earlier_slope = np.empty(bins, np.uint32), np.empty(bins, np.float32), np.empty(bins, np.float32)
    firsts, entries = np.empty(bins + 1, np.int32), np.empty(bins + 1, np.int32)
    _slopes(logs[0], earlier_slope)
    for frame in range(frames):
        here, earlier, later = logs[frame], logs[max(frame - 1, 0)], logs[min(frame + 1, frames - 1)]
        _climb(earlier, later, per_frame, course)
        _slopes(here, slope)
        before = start if frame == 0 else phase[frame - 1]
        hills = _cut(here, earlier, firsts, entries)
        for hill in range(hills):
            entry = entries[hill]
            enters = before[entry]
            if frame > 0:
                step = advance[entry] + per_bin * bins_off(half * (slope[entry] + earlier_slope[entry]))
                enters += np.uint32(np.int64(step * TURN))
            offset = np.uint32(enters - course[entry])
            for bin_ in range(firsts[hill], firsts[hill + 1]):
                phase[frame, bin_] = offset + course[bin_]
        slope, earlier_slope = earlier_slope, slope
    return phase


@compiled
def _slopes(row, slope):
    """Differences of the neighbours of each cell of a frame."""
    last = row.size - 1
    for bin_ in range(1, last):
        slope[bin_] = row[bin_ + 1] - row[bin_ - 1]
    slope[0], slope[last] = row[1] - row[0], row[last] - row[last - 1]


@compiled
def _climb(earlier, later, per_frame, course):
    """Turns from bin 0 to each bin of a frame by the trapezoid rule; half a turn a bin as in `phase`."""
    total, half = np.uint32(0), np.uint32(1 << 31)
    change = later[0] - earlier[0]
    course[0] = total
    for bin_ in range(1, course.size):
        following = later[bin_] - earlier[bin_]
        total += half + np.uint32(np.int64(per_frame * (change + following) * TURN))
        course[bin_] = total
        change = following


@compiled
def _cut(here, earlier, firsts, entries):
    """Number of hills; writes the first bin of each (and the end) and the bin where the earlier frame is loudest."""
    hills, first, best = 0, 0, 0
    valley = here[0]
    for bin_ in range(1, here.size + 1):
        at_end = bin_ == here.size
        inner = not at_end and bin_ < here.size - 1
        if at_end or (inner and here[bin_] <= here[bin_ - 1] and here[bin_] < here[bin_ + 1]):
            # The hill first..bin_ is complete; it joins the one before when the valley between them is loud.
            if hills > 0 and valley > min(earlier[entries[hills - 1]], earlier[best]):
                if earlier[best] > earlier[entries[hills - 1]]:
                    entries[hills - 1] = best
            else:
                firsts[hills], entries[hills] = first, best
                hills += 1
            if not at_end:
                first, best, valley = bin_, bin_, here[bin_]
        elif earlier[bin_] > earlier[best]:
            best = bin_
    firsts[hills] = here.size
    return hills
