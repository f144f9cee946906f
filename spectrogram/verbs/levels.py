"""How loud a sound is, and how what was painted gets the loudness of what was there.

A picture that goes through the VAE and back loses up to 16 dB where lines are fine and bright, while a painted one does
not: so the gain is read off the painted part itself, never off a picture of the recording.
"""

import numpy as np

GREATEST_MATCH_DB = 15.0
SILENCE_DB = -90.0


def decibels(audio: np.ndarray) -> float:
    """Level (RMS) in dB re full scale; a digital silence is -200 dB."""
    return float(10 * np.log10(np.mean(np.square(audio, dtype=np.float64)) + 1e-20))


def match_gain(wanted: np.ndarray, there: np.ndarray) -> float:
    """Factor that brings `there` to the level of `wanted`, at most 15 dB either way and never beyond full scale.

    1 when either is silent, because nothing can be said then.
    """
    levels_db = decibels(wanted), decibels(there)
    if min(levels_db) < SILENCE_DB:
        return 1.0
    gain = 10 ** (float(np.clip(levels_db[0] - levels_db[1], -GREATEST_MATCH_DB, GREATEST_MATCH_DB)) / 20)
    return min(gain, max(1.0, 1 / float(np.abs(there).max())))
