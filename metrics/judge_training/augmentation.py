"""Changes to log-mel clips in dB (frames, 64) that leave the class as it is. Gain needs none: levels are relative."""

import numpy as np

from metrics.embedders.sound_cnn_features import BANDS, relative_levels

SILENCE_DB = -110.0


def augment(db: np.ndarray, rng: np.random.Generator, may_move: bool) -> np.ndarray:
    """Levels (frames, 64) in [0, 1] of a moved, tilted, noisy, blurred and masked clip."""
    db = db.astype(np.float32)
    if may_move:
        db = _move(db, rng)
    if rng.random() < 0.5:
        db = db + np.linspace(-1, 1, BANDS, dtype=np.float32) * rng.uniform(-6, 6)
    if rng.random() < 0.4:
        db = _add_noise(db, rng)
    if rng.random() < 0.4:
        db = _blur(db, rng)
    levels = relative_levels(db)
    return _mask(levels, rng) if rng.random() < 0.6 else levels


def mix(first_db: np.ndarray, second_db: np.ndarray, difference_db: float) -> np.ndarray:
    """Two clips sounding together, the second that many dB below the first; powers add."""
    second_db = second_db - second_db.max() + first_db.max() - difference_db
    return 10 * np.log10(10 ** (first_db / 10) + 10 ** (second_db / 10))


def _move(db: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    moved = np.roll(db, rng.integers(len(db)), axis=0)
    if rng.random() < 0.25:  # a shorter sound in silence
        keep = rng.integers(len(db) // 4, len(db))
        start = rng.integers(len(db) - keep + 1)
        short = np.full_like(moved, SILENCE_DB)
        short[start : start + keep] = moved[start : start + keep]
        if short.max() > moved.max() - 20:  # the sound itself must still be in it
            return short
    return moved


def _add_noise(db: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    slope = np.linspace(0, rng.uniform(-20, 10), BANDS)
    noise_db = db.max() - rng.uniform(25, 60) + slope + 10 * np.log10(rng.exponential(size=db.shape) + 1e-6)
    return 10 * np.log10(10 ** (db / 10) + 10 ** (noise_db / 10))


def _blur(db: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Three-point blurs along time and pitch, as a picture model or a coarse decoder leaves them."""
    floored = np.maximum(db, db.max() - 80)
    for axis in (0, 1):
        amount = rng.uniform(0, 0.33)
        sides = np.roll(floored, 1, axis) + np.roll(floored, -1, axis)
        floored = (1 - 2 * amount) * floored + amount * sides
    return floored


def _mask(levels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    levels = levels.copy()
    width, start = rng.integers(1, 11), rng.integers(BANDS)
    levels[:, start : start + width] = 0
    length, begin = rng.integers(1, len(levels) // 6), rng.integers(len(levels))
    levels[begin : begin + length] = 0
    return levels
