"""Where a picture has lost the grain that noise has, as a VAE's pictures have, so that noise can be put back.

The levels of rain or wind jump from cell to cell; a VAE leaves a smooth area, and a phase integrated over a smooth area
is a chord. Such an area is known by what it lacks: second differences far below those of noise, no line that rises
above its neighbours over frequency, no attack over time. A picture with its own grain is left as it is.
"""

from functools import lru_cache

import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d, uniform_filter, uniform_filter1d

from spectrogram.codec.mel import filterbank
from spectrogram.codec.phase import sizes_by_bin
from spectrogram.codec.stft import Sweep
from spectrogram.params import SpectrogramParams

LINE_BANDS, ATTACK_MS = 9, 180.0  # lines are narrower, attacks shorter
RISE_DB = 7.0, 15.0  # above what surrounds it: fades from noise to line or attack
SMOOTH = 0.4, 0.7  # of the grain of noise: fades from smooth to grainy
STEADY_DB = 0.6, 1.1  # RMS of second differences over time: a tone that rings on has less, what a VAE paints has more
PATCH = 9  # cells a side whose grain is measured together
HEARD_DB = 45.0  # below the loudest cell; what is fainter does not tell whether a picture is smooth
LEAST_SHARE = 0.05  # of the heard cells that must be smooth and broad
FRAMES = 200
EVERY = 6
GRAINY_SHARE = 0.5  # of the broad ones among them that must be, or the picture is a clean one with a calm place


def noise_share(levels: np.ndarray, params: SpectrogramParams) -> np.ndarray | None:
    """Which share (bands, frames), 0..1, of each level wants to be noise; None for a picture with grain of its own."""
    if min(levels.shape) < PATCH or not params.absolute:
        return None
    if not _has_smooth_places(levels, params):
        return None
    level_db = _decibels(levels)
    heard = level_db > level_db.max() - HEARD_DB
    if not heard.any() or level_db.max() < -HEARD_DB * 1.5:
        return None
    broad = 1 - np.maximum(
        _fade(_rise_over_bands(level_db), RISE_DB), _fade(_rise_over_time(level_db, params), RISE_DB)
    )
    smooth = 1 - _fade(_grain(level_db) / expected_grain(params.replace(columns=1)), SMOOTH)
    share = broad * smooth * _fade(_unrest(level_db), STEADY_DB)
    full = share[heard] > 0.5
    if full.mean() < LEAST_SHARE or full.sum() < GRAINY_SHARE * (broad[heard] > 0.5).sum():
        return None
    return uniform_filter(share, 3, mode="nearest").astype(np.float32)


def _decibels(levels: np.ndarray) -> np.ndarray:
    return np.float32(20) * np.log10(np.maximum(levels, np.float32(1e-7)))


def _has_smooth_places(levels: np.ndarray, params: SpectrogramParams) -> bool:
    """A quick look at three bands in EVERY: whether enough stretches of PATCH heard columns lack the grain of noise."""
    bands = np.arange(0, len(levels) - 2, EVERY)
    below, here, above = (_decibels(levels[bands + offset]) for offset in range(3))
    both = np.diff(below - 2 * here + above, 2, axis=1) ** 2
    columns = both.shape[1] // PATCH * PATCH
    grain = np.sqrt(both[:, :columns].reshape(len(bands), -1, PATCH).mean(axis=2))
    middle = here[:, 1 : columns + 1].reshape(len(bands), -1, PATCH).mean(axis=2)
    heard = middle > here.max() - HEARD_DB
    smooth = grain < SMOOTH[1] * expected_grain(params.replace(columns=1))[bands + 1]
    return bool((smooth & heard).sum() > LEAST_SHARE * heard.sum())


def _fade(values: np.ndarray, span: tuple[float, float]) -> np.ndarray:
    """0 below the span, 1 above it, a straight line within."""
    return np.clip((values - span[0]) / (span[1] - span[0]), 0, 1)


def _rise_over_bands(level_db: np.ndarray) -> np.ndarray:
    """How far a line rises above both of its sides (a top hat), dB, also on the line's flanks."""
    ground = maximum_filter1d(minimum_filter1d(level_db, LINE_BANDS, axis=0), LINE_BANDS, axis=0)
    return maximum_filter1d(level_db - ground, 3, axis=0)


def _rise_over_time(level_db: np.ndarray, params: SpectrogramParams) -> np.ndarray:
    """How far a short sound rises above what is before and after it, or an onset above what was just before, dB."""
    columns = max(3, round(ATTACK_MS / params.step_ms) | 1)
    ground = maximum_filter1d(minimum_filter1d(level_db, columns, axis=1), columns, axis=1)
    before = minimum_filter1d(level_db, 3, axis=1, origin=1)
    return maximum_filter1d(np.maximum(level_db - ground, level_db - before), 3, axis=1)


def _grain(level_db: np.ndarray) -> np.ndarray:
    """RMS in dB, around each cell, of second differences over both axes at once, where lines and slopes cancel."""
    over_time = np.diff(level_db, 2, axis=1)
    return _local_rms(np.diff(over_time, 2, axis=0), ((1, 1), (1, 1)))


def _unrest(level_db: np.ndarray) -> np.ndarray:
    """RMS in dB, around each cell, of second differences over time."""
    return _local_rms(np.diff(level_db, 2, axis=1), ((0, 0), (1, 1)))


def _local_rms(values: np.ndarray, lost: tuple) -> np.ndarray:
    """RMS in patches around each cell; ``lost``: rows and columns that differences took from either end."""
    squares = np.pad(values**2, lost, mode="edge")
    return np.sqrt(np.maximum(uniform_filter(squares, PATCH, mode="nearest"), 0))


@lru_cache(maxsize=8)
def expected_grain(params: SpectrogramParams) -> np.ndarray:
    """The same of white noise in each band (bands, 1), measured on FRAMES frames of it."""
    audio = white_noise(FRAMES * params.hop_samples, 0)
    sweep = Sweep(params, FRAMES, len(audio))
    levels = np.hstack([filterbank(params) @ sizes_by_bin(part) for _, part in sweep.spectra(sweep.canvas(audio))])
    grain = np.sqrt(np.mean(_grain(20 * np.log10(levels + 1e-9)) ** 2, axis=1, keepdims=True))
    return uniform_filter1d(grain, 5, axis=0, mode="nearest").astype(np.float32)


def white_noise(samples: int, seed: int) -> np.ndarray:
    """White noise of variance 1, float32."""
    return np.random.default_rng([seed, 0x6E6F]).standard_normal(samples, dtype=np.float32)


def mean_size(sweep: Sweep) -> np.float32:
    """Mean magnitude of a bin of white noise of variance 1 (Rayleigh's)."""
    return np.float32(np.sqrt(np.pi / 4 * np.sum(sweep.window.astype(np.float64) ** 2)))
