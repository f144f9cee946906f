"""Frequency scales, triangular bands and their inverse. Matrices are float32 (bands, bins), band 0 is the lowest."""

from functools import lru_cache

import numpy as np

from spectrogram.params import SpectrogramParams


def warp(params: SpectrogramParams, frequency_hz):
    """Position of a frequency on the picture's scale, in the scale's own unit."""
    frequency_hz = np.asarray(frequency_hz, dtype=np.float64)
    if params.scale == "linear":
        return frequency_hz
    if params.scale == "log":
        return np.log(np.maximum(frequency_hz, 1e-9))
    if params.scale == "slaney":
        return np.where(
            frequency_hz < 1000, frequency_hz * 3 / 200, 15 + np.log(np.maximum(frequency_hz, 1) / 1000) * 27 / np.log(6.4)
        )
    return params.warp_hz * np.log1p(frequency_hz / params.warp_hz)


def unwarp(params: SpectrogramParams, position):
    """Frequency in Hz at a position of the scale, the inverse of `warp`."""
    position = np.asarray(position, dtype=np.float64)
    if params.scale == "linear":
        return position
    if params.scale == "log":
        return np.exp(position)
    if params.scale == "slaney":
        return np.where(position < 15, position * 200 / 3, 1000 * np.exp((position - 15) * np.log(6.4) / 27))
    return params.warp_hz * np.expm1(position / params.warp_hz)


def edges_hz(params: SpectrogramParams) -> np.ndarray:
    """The bands + 2 corner frequencies of the triangles, low_hz first and high_hz last."""
    low, high = warp(params, [params.low_hz, params.high_hz])
    return unwarp(params, np.linspace(low, high, params.bands + 2))


def centres_hz(params: SpectrogramParams) -> np.ndarray:
    """Centre frequency of each band, ascending."""
    return edges_hz(params)[1:-1]


@lru_cache(maxsize=16)
def filterbank(params: SpectrogramParams) -> np.ndarray:
    """Triangles (bands, bins): `mean` rows sum to one, so a band is the mean magnitude of its bins; no side of a triangle
    is shorter than one bin, so that no band is empty. `peak` and `slaney` rows are those of HTK and librosa, unwidened."""
    edges = edges_hz(params)
    bin_hz = params.sample_rate_hz / params.fft_samples
    least_hz = bin_hz if params.norm == "mean" else 1e-9
    bins_hz = np.arange(params.fft_samples // 2 + 1)[None] * bin_hz
    centre = edges[1:-1, None]
    below = np.maximum(centre - edges[:-2, None], least_hz)
    above = np.maximum(edges[2:, None] - centre, least_hz)
    weights = np.maximum(0, np.minimum(1 - (centre - bins_hz) / below, 1 - (bins_hz - centre) / above))
    if params.norm == "mean":
        weights /= weights.sum(axis=1, keepdims=True)
    if params.norm == "slaney":
        weights *= 2 / (edges[2:] - edges[:-2])[:, None]
    return np.ascontiguousarray(weights, dtype=np.float32)


@lru_cache(maxsize=16)
def inverse_filterbank(params: SpectrogramParams) -> np.ndarray:
    """Pseudo-inverse (bins, bands) of the filterbank: band magnitudes to bin magnitudes; clip the result at zero."""
    return np.ascontiguousarray(np.linalg.pinv(filterbank(params).astype(np.float64), rcond=1e-3), dtype=np.float32)
