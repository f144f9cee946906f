"""A picture in words, for those who cannot see it: "5.1 s, energy 0.2–4 kHz, two bursts"."""

import numpy as np
from PIL import Image

from spectrogram.codec.mel import centres_hz
from spectrogram.params import SpectrogramParams

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
QUIET_DB = -90.0


def describe_picture(image: Image.Image, params: SpectrogramParams, seconds: float) -> str:
    """Length, the band that holds nine tenths of the energy, and what happens in time."""
    columns = max(1, min(image.width, round(image.width * seconds / params.clip_seconds)))
    pixels = np.asarray(image.convert("L"), dtype=np.float64)[::-1, :columns]
    level_db = (pixels / 255 - 1) * params.range_db
    power = 10 ** (level_db / 10)
    if level_db.max() < QUIET_DB:
        return f"{seconds:.1f} s, silent"
    low_hz, high_hz = _band_hz(power.sum(axis=1), params)
    return f"{seconds:.1f} s, energy {_frequency(low_hz)}–{_frequency(high_hz)}, {_events(power.sum(axis=0))}"


def _band_hz(band_power: np.ndarray, params: SpectrogramParams) -> tuple[float, float]:
    """Frequencies between which 90 % of the energy lies, 5 % on either side."""
    share = np.cumsum(band_power) / band_power.sum()
    centres = centres_hz(params)
    rows = np.minimum(np.searchsorted(share, [0.05, 0.95]), len(centres) - 1)
    return float(centres[rows[0]]), float(centres[rows[1]])


def _frequency(hertz: float) -> str:
    return f"{hertz:.0f} Hz" if hertz < 100 else f"{hertz / 1000:.1f} kHz"


def _events(column_power: np.ndarray) -> str:
    """Bursts are stretches within 10 dB of the loudest moment, ended by a fall of 20 dB below it."""
    level_db = 10 * np.log10(column_power / column_power.max() + 1e-12)
    if np.percentile(level_db, 10) > -12:
        return "a steady sound"
    bursts, loud = 0, False
    for value in level_db:
        if not loud and value > -10:
            bursts, loud = bursts + 1, True
        elif value < -20:
            loud = False
    counted = NUMBERS[bursts] if bursts < len(NUMBERS) else "many"
    return f"{counted} burst{'' if bursts == 1 else 's'}"
