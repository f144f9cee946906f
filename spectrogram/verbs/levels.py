"""How loud a sound is, and how what was painted gets the loudness of what was there.

A picture that goes through the VAE and back loses up to 16 dB where lines are fine and bright, while a painted one does
not: so the gain is read off the painted part itself, never off a picture of the recording. A painted bark or clap has
its peaks near full scale while its level is still too low: these few peaks are rounded off, the rest is made louder.
"""

import numpy as np

GREATEST_MATCH_DB = 24.0
SILENCE_DB = -90.0
# Samples below this share of full scale stay as they are, those above are bent towards it.
KNEE = 0.8
# The level lost with the rounded peaks is given back in a few turns.
TURNS = 4


def decibels(audio: np.ndarray) -> float:
    """Level (RMS) in dB re full scale; a digital silence is -200 dB."""
    return float(10 * np.log10(np.mean(np.square(audio, dtype=np.float64)) + 1e-20))


def match_gain(wanted: np.ndarray, there: np.ndarray) -> float:
    """Factor that brings `there` to the level of `wanted`, at most 24 dB either way; 1 when either is silent."""
    levels_db = decibels(wanted), decibels(there)
    if min(levels_db) < SILENCE_DB:
        return 1.0
    return 10 ** (float(np.clip(levels_db[0] - levels_db[1], -GREATEST_MATCH_DB, GREATEST_MATCH_DB)) / 20)


def round_peaks(audio: np.ndarray) -> np.ndarray:
    """The audio with what is beyond 0.8 of full scale bent to stay below it; the rest is unchanged."""
    beyond = np.maximum(np.abs(audio) - KNEE, 0)
    bent = KNEE + (1 - KNEE) * np.tanh(beyond / (1 - KNEE))
    return np.where(beyond > 0, np.copysign(bent, audio), audio).astype(audio.dtype)


def bring_to_level(audio: np.ndarray, wanted: np.ndarray, stretch: slice) -> np.ndarray:
    """(channels, samples) `audio` with its `stretch` at the level of `wanted`, peaks rounded where a gain needs it.

    The gain is at most 24 dB either way. Sound that is only made quieter keeps its shape.
    """
    gain = match_gain(wanted, audio[:, stretch])
    if gain <= 1:
        return audio * np.float32(gain)
    most = 10 ** (GREATEST_MATCH_DB / 20)
    for _ in range(TURNS):
        louder = round_peaks(audio * np.float32(gain))
        gain = min(most, gain * match_gain(wanted, louder[:, stretch]))
    return round_peaks(audio * np.float32(gain))
