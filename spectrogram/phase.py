"""The phase that a picture does not hold: phase-gradient heap integration and the inner loops around it, compiled.

For a Gaussian window the phase's gradient follows from the log-magnitude's; a Hann window is close to one. The gradient
is integrated outwards from the loudest points. Průša, Balazs, Søndergaard, "A Noniterative Method for Reconstruction of
Phase From STFT Magnitude", IEEE/ACM TASLP 25(5), 2017. Phases are 32-bit fractions of a turn, which wrap by themselves.

Inside, cells lie in a frame of silent ones: index = frame << shift | bin + 1, so no neighbour needs a bounds check.
"""

import math

import numpy as np
from numba import njit

TURN = np.float32(1 << 32)
TABLE_BITS = 12
HANN_GAMMA = 0.25645  # time-frequency ratio of the Gaussian nearest to a Hann window, over its length squared
LEVELS = 256  # buckets of the priority queue; 0 is silence, or done
_ANGLES = 2 * np.pi * (np.arange(1 << TABLE_BITS) + 0.5) / (1 << TABLE_BITS)
COSINES, SINES = np.cos(_ANGLES).astype(np.float32), np.sin(_ANGLES).astype(np.float32)


def integrate_phase(
    log_magnitude: np.ndarray,
    hop_samples: int,
    fft_samples: int,
    window_samples: int,
    seed: int,
    range_db: float = 90.0,
) -> np.ndarray:
    """Phases as uint32 turns (frames, bins) for natural-log magnitudes of the same shape, float32.

    Cells more than range_db below the loudest are drawn at random from the seed.
    """
    gamma = HANN_GAMMA * window_samples**2
    span = np.float32(range_db * math.log(10) / 20)
    advance = (np.arange(log_magnitude.shape[1], dtype=np.int64) * hop_samples % fft_samples) / fft_samples
    per_bin = np.float32(hop_samples * fft_samples / (2 * gamma) / (2 * np.pi))
    per_frame = np.float32(-gamma / (2 * hop_samples * fft_samples) / (2 * np.pi))
    start = np.uint32(np.random.default_rng(seed).integers(1, 1 << 32))
    return _integrate(log_magnitude, advance.astype(np.float32), per_bin, per_frame, span, start)


@njit(cache=True, nogil=True, fastmath=True)
def _integrate(log_magnitude, advance, per_bin, per_frame, span, random):
    frames, bins = log_magnitude.shape
    shift = np.int64(math.ceil(math.log2(bins + 2)))
    logs, level, phase = _frame_cells(log_magnitude, shift, span, random)
    following = np.empty(level.size, np.int32)
    heads = np.full(LEVELS, -1, np.int32)
    for seed in _peaks(level, logs, shift, bins):
        if level[seed] > 0:
            _flood(seed, logs, level, phase, following, heads, advance, shift, per_bin, per_frame)
    return phase.reshape(frames + 2, 1 << shift)[1:-1, 1 : bins + 1].copy()


@njit(cache=True, nogil=True, fastmath=True)
def _frame_cells(log_magnitude, shift, span, random):
    """Framed copies of the logs, their loudness levels 0..255, and random phases (xorshift; Marsaglia 2003)."""
    frames, bins = log_magnitude.shape
    size = (frames + 2) << shift
    logs, level, phase = np.empty(size, np.float32), np.zeros(size, np.uint8), np.empty(size, np.uint32)
    loudest = log_magnitude.max()
    scale = np.float32(LEVELS - 1) / span
    for frame in range(frames):
        row = (frame + 1) << shift
        for bin_ in range(bins):
            value = log_magnitude[frame, bin_]
            logs[row + bin_ + 1] = value
            level[row + bin_ + 1] = np.uint8(max(np.float32(0), (value - loudest + span) * scale))
            random ^= random << np.uint32(13)
            random ^= random >> np.uint32(17)
            random ^= random << np.uint32(5)
            phase[row + bin_ + 1] = random
        logs[row] = logs[row + 1]
        logs[row + bins + 1] = logs[row + bins]
    last = frames << shift
    logs[: 1 << shift] = logs[1 << shift : 2 << shift]
    logs[last + (1 << shift) :] = logs[last : last + (1 << shift)]
    return logs, level, phase


@njit(cache=True, nogil=True)
def _peaks(level, logs, shift, bins):
    """Cells not quieter than their four neighbours, loudest first: every connected region holds its loudest one."""
    found = np.empty(level.size, np.int32)
    counts = np.zeros(LEVELS + 1, np.int64)
    total = 0
    up = 1 << shift
    for row in range(up, level.size - up, up):
        for cell in range(row + 1, row + bins + 1):
            here = logs[cell]
            if level[cell] == 0 or here < logs[cell - 1] or here < logs[cell + 1]:
                continue
            if here >= logs[cell - up] and here >= logs[cell + up]:
                found[total] = cell
                counts[LEVELS - level[cell]] += 1
                total += 1
    starts = np.cumsum(counts)
    ranked = np.empty(total, np.int32)
    for index in range(total):
        slot = LEVELS - 1 - level[found[index]]
        ranked[starts[slot]] = found[index]
        starts[slot] += 1
    return ranked


@njit(cache=True, nogil=True, fastmath=True)
def _flood(seed, logs, level, phase, following, heads, advance, shift, per_bin, per_frame):
    """Give every cell of the seed's region a phase by the trapezoid rule, loudest front cell first (256 stacks)."""
    up, mask = np.int32(1 << shift), np.int32((1 << shift) - 1)
    half = np.float32(0.5)
    top = np.int64(level[seed])
    heads[top], following[seed], level[seed] = seed, -1, 0
    while top > 0:
        cell = heads[top]
        if cell < 0:
            top -= 1
            continue
        heads[top] = following[cell]
        here = phase[cell]
        for side in (-1, 1):
            near = cell + side * up
            rank = np.int64(level[near])
            if rank > 0:
                slope = logs[cell + 1] - logs[cell - 1] + logs[near + 1] - logs[near - 1]
                step = advance[(cell & mask) - 1] + half * per_bin * slope
                phase[near] = np.uint32(here + np.int64(np.float32(side) * step * TURN))
                following[near], heads[rank], level[near] = heads[rank], near, 0
                top = max(top, rank)
            near = cell + side
            rank = np.int64(level[near])
            if rank > 0:
                slope = logs[cell + up] - logs[cell - up] + logs[near + up] - logs[near - up]
                # Half a turn a bin: the transform counts time from the frame's start, the gradient from its centre.
                step = half + half * per_frame * slope
                phase[near] = np.uint32(here + np.int64(np.float32(side) * step * TURN))
                following[near], heads[rank], level[near] = heads[rank], near, 0
                top = max(top, rank)


@njit(cache=True, nogil=True, fastmath=True)
def with_phase(magnitude, phase):
    """Complex spectrum of magnitudes and phases in turns, by table (error below 0.05 degrees)."""
    spectrum = np.empty(magnitude.shape, np.complex64)
    shift = np.uint32(32 - TABLE_BITS)
    for frame in range(magnitude.shape[0]):
        for bin_ in range(magnitude.shape[1]):
            index = phase[frame, bin_] >> shift
            size = magnitude[frame, bin_]
            spectrum[frame, bin_] = complex(size * COSINES[index], size * SINES[index])
    return spectrum


@njit(cache=True, nogil=True, fastmath=True)
def impose_magnitude(magnitude, estimate, previous, momentum):
    """Overwrite `estimate` with `magnitude` at the phases of estimate - momentum·previous (fast Griffin-Lim; Perraudin,
    Balazs, Søndergaard 2013) and `previous` with the estimate."""
    for frame in range(magnitude.shape[0]):
        for bin_ in range(magnitude.shape[1]):
            now = estimate[frame, bin_]
            real = now.real - momentum * previous[frame, bin_].real
            imag = now.imag - momentum * previous[frame, bin_].imag
            scale = magnitude[frame, bin_] / (np.sqrt(real * real + imag * imag) + np.float32(1e-20))
            previous[frame, bin_] = now
            estimate[frame, bin_] = complex(real * scale, imag * scale)


@njit(cache=True, nogil=True, fastmath=True)
def overlap_add(pieces, window, hop_samples, gain):
    """Sum of the windowed pieces (frames, samples), each hop_samples later, times the gain per sample."""
    frames, length = pieces.shape
    total = np.zeros((frames - 1) * hop_samples + length, np.float32)
    for frame in range(frames):
        start = frame * hop_samples
        for sample in range(length):
            total[start + sample] += pieces[frame, sample] * window[sample]
    for sample in range(total.size):
        total[sample] *= gain[sample]
    return total
