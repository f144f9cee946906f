"""From the bands of a coarse picture to the bins of a fine spectrum: a small regression for each bin.

Where bands are wider than bins and columns further apart than phases allow, the pseudo-inverse smears a tone over its
band and blurs it in time. Here each bin looks at the bands around it in five columns, as they are and through rectified
random mixtures of them, and says how far, in dB, three successive fine frames lie from the level interpolated between
bands. The coefficients are a least-squares solution, made by `spectrogram.codec.fitting.inverse`.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from spectrogram.codec.mel import centres_hz, filterbank, spreading
from spectrogram.params import SpectrogramParams
from spectrogram.problems import EnvironmentProblem

FOLDER = Path(__file__).parent / "inverses"
SHIPPED = ("3a0d148cd479",)  # files that come with the package; without one of them pictures would sound worse unseen
FINE = 3  # fine frames a column; odd, so that the middle one is the column itself
FLOOR_DB, SCALE_DB, REACH, GREATEST_CHANGE_DB = -120.0, 20.0, 3.0, 30.0
# (band, column) offsets that a bin's network sees
NEIGHBOURS = (
    *((band, 0) for band in range(-3, 4)),
    *((band, column) for column in (-1, 1) for band in range(-2, 3)),
    (0, -2),
    (0, 2),
)


@dataclass(frozen=True)
class Weights:
    """mixtures (inputs, units), shared by all bins; coefficients (bins, inputs + units, FINE)."""

    mixtures: np.ndarray
    coefficients: np.ndarray


def weights_path(params: SpectrogramParams) -> Path:
    """Where the weights for these parameters lie, whatever the width of the picture."""
    return FOLDER / f"{params.replace(columns=1).fingerprint}.npz"


def require_not_shipped(path: Path, shipped: tuple[str, ...]):
    """Raises EnvironmentProblem for a missing file that comes with this package; others may well be absent."""
    if path.stem in shipped:
        raise EnvironmentProblem(f"{path} is missing", "a file that comes with this package", "install it again")


@lru_cache(maxsize=4)
def load_weights(params: SpectrogramParams) -> Weights | None:
    """Weights for these parameters, or None where none were trained; raises EnvironmentProblem where they got lost."""
    path = weights_path(params)
    if not path.is_file():
        require_not_shipped(path, SHIPPED)
        return None
    with np.load(path, allow_pickle=False) as file:
        return Weights(file["mixtures"].astype(np.float32), file["coefficients"].astype(np.float32))


@lru_cache(maxsize=4)
def band_positions(params: SpectrogramParams) -> tuple[np.ndarray, np.ndarray]:
    """Nearest band of each bin, and its position among the bands as a fraction."""
    bins_hz = np.arange(params.fft_samples // 2 + 1) * params.sample_rate_hz / params.fft_samples
    position = np.interp(bins_hz, centres_hz(params), np.arange(params.bands))
    return np.rint(position).astype(int), position


def look(level_db: np.ndarray, params: SpectrogramParams) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (bins, frames, inputs), the last one constant, and base levels in dB (bins, frames).

    Takes band levels in dB (bands, frames). The base is interpolated between bands; inputs are relative to it.
    """
    nearest, position = band_positions(params)
    below = np.minimum(position.astype(int), params.bands - 2)
    part = (position - below).astype(np.float32)[:, None]
    base = level_db[below] * (1 - part) + level_db[below + 1] * part
    padded = np.pad(level_db, ((3, 3), (2, 2)), mode="edge")
    frames = level_db.shape[1]
    inputs = np.empty((len(nearest), frames, len(NEIGHBOURS) + 1), np.float32)
    for index, (band, column) in enumerate(NEIGHBOURS):
        inputs[..., index] = padded[nearest + 3 + band, 2 + column : 2 + column + frames] - base
    inputs[..., -1] = SCALE_DB
    return np.clip(inputs / np.float32(SCALE_DB), -REACH, REACH), base


def fine_magnitude(levels: np.ndarray, params: SpectrogramParams, weights: Weights) -> np.ndarray:
    """Bin magnitudes (frames·FINE, bins) for band levels (bands, frames); every FINE-th frame has those very bands."""
    level_db = np.maximum(20 * np.log10(np.maximum(levels, 1e-9)), FLOOR_DB).astype(np.float32)
    inputs, base = look(level_db, params)
    linear, rectified = np.split(weights.coefficients, [inputs.shape[2]], axis=1)
    change_db = inputs @ linear + np.maximum(inputs @ weights.mixtures, 0) @ rectified
    change_db = np.clip(np.float32(SCALE_DB) * change_db, -GREATEST_CHANGE_DB, GREATEST_CHANGE_DB)
    magnitude = np.exp((base[..., None] + change_db) * np.float32(np.log(10) / 20))
    heard = filterbank(params) @ magnitude[..., FINE // 2]
    gain = spreading(params) @ np.clip(levels / np.maximum(heard, 1e-7), 0, 4)
    magnitude *= gain[..., None]
    return np.ascontiguousarray(magnitude.reshape(len(magnitude), -1).T)
