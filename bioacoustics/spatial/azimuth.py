"""Azimuth heard in a recording: GCC-PHAT between two microphones, the intensity vector of first-order Ambisonics.

Two microphones cannot tell front from back: their azimuth lies between -90 and 90 degrees.
"""

from __future__ import annotations

import math

import numpy as np

from bioacoustics.spatial.scene import SOUND_M_S, SPACING_M

FINER = 16
FLOOR = 1e-3


def delay_s(left: np.ndarray, right: np.ndarray, rate_hz: int, longest_s: float = SPACING_M / SOUND_M_S) -> float:
    """How much later the right channel is (s), by generalised cross-correlation with phase transform.

    Knapp & Carter, IEEE TASSP 24 (1976); bins more than 60 dB below the loudest say nothing and are left out.
    """
    size = 1 << (2 * max(len(left), len(right)) - 1).bit_length()
    cross = np.fft.rfft(right, size) * np.conj(np.fft.rfft(left, size))
    strength = np.abs(cross)
    white = np.where(strength > FLOOR**2 * strength.max(), cross / np.maximum(strength, 1e-30), 0)
    correlation = np.fft.irfft(white, size * FINER)
    reach = math.ceil(longest_s * rate_hz * FINER) + 1
    around = np.concatenate([correlation[-reach:], correlation[: reach + 1]])
    return (int(np.argmax(around)) - reach) / (rate_hz * FINER)


def azimuth_of_stereo(audio: np.ndarray, rate_hz: int, spacing_m: float = SPACING_M) -> float:
    """Azimuth in degrees of the loudest source of (2, samples), left positive."""
    share = delay_s(audio[0], audio[1], rate_hz, spacing_m / SOUND_M_S) * SOUND_M_S / spacing_m
    return math.degrees(math.asin(max(-1.0, min(1.0, share))))


def azimuth_of_ambisonics(audio: np.ndarray) -> float:
    """Azimuth in degrees, -180 to 180, of the loudest source of (4, samples) in AmbiX order."""
    w, y, _, x = (np.asarray(channel, np.float64) for channel in audio)
    return math.degrees(math.atan2(float(w @ y), float(w @ x)))
