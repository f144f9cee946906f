"""Sines for the tests of the dataset builder."""

import numpy as np

RATE_HZ = 24_000


def tone(
    seconds: float, hz: float = 440.0, rate_hz: int = RATE_HZ, channels: int = 1, level: float = 0.5
) -> np.ndarray:
    """A sine as (samples, channels) floats, the shape that soundfile writes."""
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return np.repeat(level * np.sin(2 * np.pi * hz * time_s)[:, None], channels, axis=1)
