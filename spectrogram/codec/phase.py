"""The phase that a picture does not hold: phase-gradient heap integration and the inner loops around it, compiled.

For a Gaussian window the phase's gradient follows from the log-magnitude's; a Hann window is close to one, and over
frequency the shape of its own line is used, which keeps the pitch of steady tones. The gradient is integrated outwards
from the loudest points. Průša, Balazs, Søndergaard, "A Noniterative Method for Reconstruction of Phase From STFT
Magnitude", IEEE/ACM TASLP 25(5), 2017. Phases are 32-bit fractions of a turn, which wrap by themselves.

Inside, cells lie in a frame of silent ones: index = frame << shift | bin + 1, so no neighbour needs a bounds check.
"""

import math

import numpy as np

from spectrogram.codec.compiled import compiled

TURN = np.float32(1 << 32)
TABLE_BITS = 12
HANN_GAMMA = 0.25645  # time-frequency ratio of the Gaussian nearest to a Hann window, over its length squared
LINE_SLOPE, LINE_BEND = np.float32(3), np.float32(0.0842)  # of the log of a Hann window's line, see bins_off
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
    per_bin = np.float32(hop_samples / fft_samples)
    per_frame = np.float32(-gamma / (2 * hop_samples * fft_samples) / (2 * np.pi))
    start = np.uint32(np.random.default_rng(seed).integers(1, 1 << 32))
    return _integrate(log_magnitude, advance.astype(np.float32), per_bin, per_frame, span, start)


@compiled
def _integrate(log_magnitude, advance, per_bin, per_frame, span, random):
    frames, bins = log_magnitude.shape
    shift = np.int64(math.ceil(math.log2(bins + 2)))
    logs = _frame_cells(log_magnitude, shift)
    level, phase = _rank_cells(logs, log_magnitude.max(), span, random, shift, bins)
    following = np.empty(level.size, np.int32)
    heads = np.full(LEVELS, -1, np.int32)
    for seed in _peaks(level, logs, shift):
        if level[seed] > 0:
            _flood(seed, logs, level, phase, following, heads, advance, shift, per_bin, per_frame)
    return phase.reshape(frames + 2, 1 << shift)[1:-1, 1 : bins + 1]


@compiled
def _frame_cells(log_magnitude, shift):
    """The logs, flat, in a frame of copies of their outermost cells."""
    frames, bins = log_magnitude.shape
    framed = np.empty((frames + 2, 1 << shift), np.float32)
    for frame in range(frames):
        framed[frame + 1, 1 : bins + 1] = log_magnitude[frame]
        framed[frame + 1, 0] = log_magnitude[frame, 0]
        framed[frame + 1, bins + 1 :] = log_magnitude[frame, bins - 1]
    framed[0], framed[frames + 1] = framed[1], framed[frames]
    return framed.reshape(-1)


@compiled
def _rank_cells(logs, loudest, span, random, shift, bins):
    """Loudness levels 0..255 of the cells, 0 in the frame, and a random phase for each (a hash of its index)."""
    level, phase = np.empty(logs.size, np.uint8), np.empty(logs.size, np.uint32)
    scale = np.float32(LEVELS - 1) / span
    for cell in range(logs.size):
        level[cell] = np.uint8(np.int32(max(np.float32(0), (logs[cell] - loudest + span) * scale)))
    for cell in range(logs.size):
        mixed = (np.uint32(cell) ^ random) * np.uint32(0x7FEB352D)
        mixed = (mixed ^ (mixed >> np.uint32(15))) * np.uint32(0x846CA68B)
        phase[cell] = mixed ^ (mixed >> np.uint32(16))
    rows = level.reshape(-1, 1 << shift)
    rows[0], rows[-1] = 0, 0
    rows[:, 0], rows[:, bins + 1 :] = 0, 0
    return level, phase


@compiled
def _peaks(level, logs, shift):
    """Cells not quieter than their four neighbours, loudest first: every connected region holds its loudest one."""
    up = 1 << shift
    marks = np.zeros(level.size, np.uint8)
    for cell in range(up, level.size - up):
        here = logs[cell]
        beside = (here >= logs[cell - 1]) & (here >= logs[cell + 1])
        marks[cell] = beside & (here >= logs[cell - up]) & (here >= logs[cell + up]) & (level[cell] > 0)
    found = np.empty(level.size, np.int32)
    counts = np.zeros(LEVELS + 1, np.int64)
    total = 0
    for index, eight in enumerate(marks.view(np.uint64)):
        if eight == 0:
            continue
        for cell in range(8 * index, 8 * index + 8):
            if marks[cell]:
                found[total] = cell
                counts[LEVELS - level[cell]] += 1
                total += 1
    starts = np.cumsum(counts)
    ranked = np.empty(total, np.int32)
    for cell in found[:total]:
        slot = LEVELS - 1 - level[cell]
        ranked[starts[slot]] = cell
        starts[slot] += 1
    return ranked


@compiled
def bins_off(slope):
    """How many bins d above a cell a sound lies, by the rise of log-magnitude from the bin below to the bin above.

    A sine in a Hann window has slope = ln (1 + d)(2 + d)/((1 - d)(2 - d)), whose inverse this is to .005 up to d = .75;
    the Gaussian's straight line is .014 off at d = .3: a cent at 480 Hz in 50 ms.
    """
    return slope / (LINE_SLOPE + LINE_BEND * slope * slope)


@compiled
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
                step = advance[(cell & mask) - 1] + per_bin * bins_off(half * slope)
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


@compiled
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


@compiled
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


@compiled
def add_pieces(pieces, window, total, start, hop_samples):
    """Add the windowed pieces (frames, samples) to `total`, the first at `start`, each hop_samples later."""
    for frame in range(pieces.shape[0]):
        first = start + frame * hop_samples
        for sample in range(pieces.shape[1]):
            total[first + sample] += pieces[frame, sample] * window[sample]


@compiled
def finish_canvas(total, gain, first, last):
    """Multiply by the gain per sample; what lies outside first..last becomes silence."""
    total[:first] = 0
    for sample in range(first, min(last, gain.size)):
        total[sample] *= gain[sample]
    total[last:] = 0


@compiled
def sizes_by_bin(spectrum):
    """Magnitudes (bins, frames) of a spectrum (frames, bins)."""
    frames, bins = spectrum.shape
    sizes = np.empty((bins, frames), np.float32)
    for first in range(0, bins, 16):
        for frame in range(frames):
            for bin_ in range(first, min(first + 16, bins)):
                value = spectrum[frame, bin_]
                sizes[bin_, frame] = np.sqrt(value.real * value.real + value.imag * value.imag)
    return sizes


@compiled
def scale_bins(spectrum, gains):
    """Multiply a spectrum (frames, bins) by gains (bins, frames)."""
    frames, bins = spectrum.shape
    for first in range(0, bins, 16):
        for frame in range(frames):
            for bin_ in range(first, min(first + 16, bins)):
                spectrum[frame, bin_] *= gains[bin_, frame]


@compiled
def turn_positive(columns, rows):
    """Write the transpose of `columns` (bins, frames) into `rows` (frames, bins), nothing below zero."""
    bins, frames = columns.shape
    for first in range(0, bins, 16):
        for frame in range(frames):
            for bin_ in range(first, min(first + 16, bins)):
                rows[frame, bin_] = max(np.float32(0), columns[bin_, frame])
