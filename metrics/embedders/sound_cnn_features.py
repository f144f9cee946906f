"""What the classifier hears: 64 mel bands every 16 ms at 16 kHz, in dB below the loudest point of the clip.

Levels are counted from the clip's own maximum, so the classifier does not hear gain at all, and everything more than
70 dB below it is cut off, so a codec's noise floor is not heard either. Source of the bands: HTK mel, 50-8000 Hz.
"""

from functools import cache

import numpy as np

from metrics.embedders.front_ends import hann
from metrics.embedders.mel_filters import htk_filters

RATE_HZ = 16000
WINDOW_SAMPLES = 512
HOP_SAMPLES = 256
BANDS = 64
RANGE_DB = 70.0
FAINTEST_DB = -70.0  # a clip whose loudest point lies below this is treated as silence
SHORTEST_SAMPLES = 16000


def log_mel_db(audio: np.ndarray) -> np.ndarray:
    """Band powers in dB, float32 (frames, 64), of mono audio (samples,) at 16 kHz; full-scale power is about 0 dB.

    Audio under one second is padded with silence.
    """
    if audio.size < SHORTEST_SAMPLES:
        audio = np.pad(audio, (0, SHORTEST_SAMPLES - audio.size))
    padded = np.pad(audio.astype(np.float32), WINDOW_SAMPLES // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[::HOP_SAMPLES]
    spectrum = np.fft.rfft(frames * _window())
    power = spectrum.real**2 + spectrum.imag**2
    return (10 * np.log10(np.maximum(power @ _filters(), 1e-12))).astype(np.float32)


def relative_levels(db: np.ndarray) -> np.ndarray:
    """Levels in [0, 1]: 1 is the loudest point of the clip, 0 is 70 dB below it; all 0 for a silent clip."""
    top = db.max(axis=(-2, -1), keepdims=True)
    levels = np.clip((db - top) / RANGE_DB + 1, 0, 1).astype(np.float32)
    return np.where(top < FAINTEST_DB, np.float32(0), levels)


@cache
def _window() -> np.ndarray:
    window = hann(WINDOW_SAMPLES)
    return (window / window.sum()).astype(np.float32)


@cache
def _filters() -> np.ndarray:
    return htk_filters(WINDOW_SAMPLES // 2 + 1, RATE_HZ, BANDS, 50.0, 8000.0).astype(np.float32)
