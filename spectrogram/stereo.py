"""Left and right from three planes of magnitudes: left, mid = (left + right)/2, right.

Magnitudes alone say nothing of the phase between the channels, from which all width comes; the mid plane does.
"""

import numpy as np
from numba import njit

from spectrogram.params import SpectrogramParams
from spectrogram.reconstruct import fit_bands, guess_spectrum, spread_bands
from spectrogram.stft import istft, stft


def synthesise_stereo(planes: np.ndarray, params: SpectrogramParams, seed: int, steps: int = 8) -> np.ndarray:
    """Audio (2, samples) from the bands of left, mid and right (3, bands, frames), by alternating projections."""
    samples, frames = planes.shape[2] * params.hop_samples, planes.shape[2]
    left_size, mid_size, right_size = (spread_bands(plane, params) for plane in planes)
    mid = guess_spectrum(mid_size, params, seed)
    left, right = _open_triangle(mid, left_size, mid_size, right_size)
    for _ in range(steps):
        left = stft(istft(left, params, samples), params, frames)
        right = stft(istft(right, params, samples), params, frames)
        _impose(left, right, left_size, mid_size, right_size)
    sides = (istft(left, params, samples), planes[0]), (istft(right, params, samples), planes[2])
    return np.stack([fit_bands(audio, levels, params) for audio, levels in sides])


@njit(cache=True, nogil=True, fastmath=True)
def _open_triangle(mid, left_size, mid_size, right_size):
    """Left and right that add up to twice the mid: three sides give a triangle's angles, but for a sign."""
    left, right = np.empty(mid.shape, np.complex64), np.empty(mid.shape, np.complex64)
    tiny = np.float32(1e-9)
    for frame in range(mid.shape[0]):
        for bin_ in range(mid.shape[1]):
            a, b, base = left_size[frame, bin_], right_size[frame, bin_], 2 * mid_size[frame, bin_] + tiny
            unit = mid[frame, bin_] / (mid_size[frame, bin_] + tiny)
            near = min(max((base * base + a * a - b * b) / (2 * base * a + tiny * tiny), -1), 1)
            far = min(max((base * base + b * b - a * a) / (2 * base * b + tiny * tiny), -1), 1)
            left[frame, bin_] = unit * complex(a * near, a * np.sqrt(1 - near * near))
            right[frame, bin_] = unit * complex(b * far, -b * np.sqrt(1 - far * far))
    return left, right


@njit(cache=True, nogil=True, fastmath=True)
def _impose(left, right, left_size, mid_size, right_size):
    """Scale both sides to their magnitudes, then move both alike until their mean has the mid's."""
    tiny = np.float32(1e-12)
    for frame in range(left.shape[0]):
        for bin_ in range(left.shape[1]):
            a, b = left[frame, bin_], right[frame, bin_]
            a *= left_size[frame, bin_] / (abs(a) + tiny)
            b *= right_size[frame, bin_] / (abs(b) + tiny)
            mid = np.float32(0.5) * (a + b)
            move = mid * (mid_size[frame, bin_] / (abs(mid) + tiny) - 1)
            left[frame, bin_], right[frame, bin_] = a + move, b + move
