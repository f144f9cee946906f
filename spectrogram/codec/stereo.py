"""Left and right from three planes of magnitudes: left, mid = (left + right)/2, right.

Magnitudes alone say nothing of the phase between the channels, from which all width comes; the mid plane does. By the
parallelogram law the three also fix the size of the side, (left - right)/2, so four magnitudes hold two spectra.
"""

import numpy as np
from scipy.ndimage import uniform_filter1d

from spectrogram.codec.compiled import compiled
from spectrogram.codec.reconstruct import MOMENTUM, fit_bands, guess_spectrum, spread_with_tones
from spectrogram.codec.stft import Sweep
from spectrogram.params import SpectrogramParams

STEPS = 32
# Delays between the channels that are looked for, over how many frames they are the same, and how much louder one side
# must be to be taken for the nearer one.
DELAYS_S, DELAY_FRAMES, LEAST_SIDE = np.linspace(0, 0.8e-3, 65), 17, 0.01


def synthesise_stereo(planes: np.ndarray, params: SpectrogramParams, seed: int, steps: int | None = None) -> np.ndarray:
    """Audio (2, samples) from the bands of left, mid and right (3, bands, frames), by averaged projections."""
    sizes = [spread_with_tones(plane, params) for plane in planes]
    sizes.append(side_size(*sizes))
    sweep = Sweep(params, planes.shape[2], planes.shape[2] * params.hop_samples)
    pair = _open_triangle(guess_spectrum(sizes[1], params, seed), *sizes[:3], leading(*sizes[:3], params))
    previous = [np.zeros_like(pair[0]), np.zeros_like(pair[1])]
    canvases = sweep.lay_channels(sweep.split(*pair), 2)

    def imposed(canvases):
        for (chunk, left), (_, right) in zip(*map(sweep.spectra, canvases), strict=True):
            old = previous[0][chunk], previous[1][chunk]
            _impose(left, right, *old, *(size[chunk] for size in sizes), MOMENTUM)
            yield chunk, left, right

    for _ in range(STEPS if steps is None else steps):
        canvases = sweep.lay_channels(imposed(canvases), 2)
    return _fit_sides(*map(sweep.audio, canvases), planes, params)


def leading(left: np.ndarray, mid: np.ndarray, right: np.ndarray, params: SpectrogramParams) -> np.ndarray:
    """Which channel is ahead in phase, 1 the left and -1 the right, from sizes (frames, bins); float32.

    The three sizes say how far two phases lie apart but not which is ahead.  A sound that comes later on one side turns
    the phase with frequency, by 2 pi f tau: the tau that fits the distances of all bins says where the phase has
    wrapped, and the louder channel is the nearer one.
    """
    weight = left * right
    apart = np.clip((4 * mid * mid - left * left - right * right) / (2 * weight + 1e-12), -1, 1)
    hz = np.fft.rfftfreq(2 * (left.shape[1] - 1), 1 / params.sample_rate_hz)
    turns = 2 * np.pi * hz[:, None] * DELAYS_S
    fit = uniform_filter1d((weight * apart) @ np.cos(turns).astype(np.float32), DELAY_FRAMES, axis=0)
    louder = uniform_filter1d((left * left - right * right).sum(axis=1), DELAY_FRAMES)
    whole = uniform_filter1d((left * left + right * right).sum(axis=1), DELAY_FRAMES)
    side = np.where(louder < -LEAST_SIDE * whole, -1, 1)
    wrapped = np.where(np.sin(turns) < 0, -1, 1).T[fit.argmax(axis=1)]
    return (side[:, None] * wrapped).astype(np.float32)


def side_size(left: np.ndarray, mid: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Magnitude of (left - right)/2, from |l|² + |r|² = 2 |m|² + 2 |s|²; 0 where rounding made the mid too large."""
    return np.sqrt(np.maximum((left * left + right * right) / 2 - mid * mid, 0))


def _fit_sides(left: np.ndarray, right: np.ndarray, planes: np.ndarray, params: SpectrogramParams) -> np.ndarray:
    """Mean of the pair fitted to its bands and of mid and side fitted to theirs."""
    mid = fit_bands((left + right) / 2, planes[1], params)
    side = fit_bands((left - right) / 2, side_size(*planes), params)
    left, right = fit_bands(left, planes[0], params), fit_bands(right, planes[2], params)
    return np.stack([(left + mid + side) / 2, (right + mid - side) / 2])


@compiled
def _open_triangle(mid, left_size, mid_size, right_size, ahead):
    """Left and right that add up to twice the mid: three sides give a triangle's angles, ``ahead`` its sign."""
    left, right = np.empty(mid.shape, np.complex64), np.empty(mid.shape, np.complex64)
    tiny = np.float32(1e-9)
    for frame in range(mid.shape[0]):
        for bin_ in range(mid.shape[1]):
            a, b, base = left_size[frame, bin_], right_size[frame, bin_], 2 * mid_size[frame, bin_] + tiny
            up = ahead[frame, bin_]
            unit = mid[frame, bin_] / (mid_size[frame, bin_] + tiny)
            near = min(max((base * base + a * a - b * b) / (2 * base * a + tiny * tiny), -1), 1)
            far = min(max((base * base + b * b - a * a) / (2 * base * b + tiny * tiny), -1), 1)
            left[frame, bin_] = unit * complex(a * near, up * a * np.sqrt(1 - near * near))
            right[frame, bin_] = unit * complex(b * far, -up * b * np.sqrt(1 - far * far))
    return left, right


@compiled
def _impose(left, right, left_before, right_before, left_size, mid_size, right_size, side_size, momentum):
    """Overwrite the pair with the mean of two projections: left and right to their sizes, mid and side to theirs.

    Both start from pair - momentum·before (as in `phase.impose_magnitude`); `before` becomes the pair.
    """
    tiny, half = np.float32(1e-12), np.float32(0.5)
    scale = np.float32(1) / (np.float32(1) - momentum)
    for frame in range(left.shape[0]):
        for bin_ in range(left.shape[1]):
            a = (left[frame, bin_] - momentum * left_before[frame, bin_]) * scale
            b = (right[frame, bin_] - momentum * right_before[frame, bin_]) * scale
            left_before[frame, bin_], right_before[frame, bin_] = left[frame, bin_], right[frame, bin_]
            mid, side = half * (a + b), half * (a - b)
            mid *= mid_size[frame, bin_] / (abs(mid) + tiny)
            side *= side_size[frame, bin_] / (abs(side) + tiny)
            a *= left_size[frame, bin_] / (abs(a) + tiny)
            b *= right_size[frame, bin_] / (abs(b) + tiny)
            left[frame, bin_], right[frame, bin_] = half * (a + mid + side), half * (b + mid - side)
