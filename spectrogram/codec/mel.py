"""Frequency scales, triangular bands and their inverse. Band 0 is the lowest; matrices are sparse float32."""

from functools import lru_cache

import numpy as np
from scipy.sparse import csr_matrix

from spectrogram.params import SpectrogramParams

SLANEY_KNEE_HZ, SLANEY_KNEE, SLANEY_STEP = 1000.0, 15.0, np.log(6.4) / 27
RIDGE = 1e-6  # of the largest eigenvalue; keeps the inverse of overlapping low bands tame


def warp(params: SpectrogramParams, frequency_hz):
    """Position of a frequency on the picture's scale, in the scale's own unit."""
    frequency_hz = np.asarray(frequency_hz, dtype=np.float64)
    if params.scale == "linear":
        return frequency_hz
    if params.scale == "log":
        return np.log(np.maximum(frequency_hz, 1e-9))
    if params.scale == "slaney":
        above = SLANEY_KNEE + np.log(np.maximum(frequency_hz, SLANEY_KNEE_HZ) / SLANEY_KNEE_HZ) / SLANEY_STEP
        return np.where(frequency_hz < SLANEY_KNEE_HZ, frequency_hz * SLANEY_KNEE / SLANEY_KNEE_HZ, above)
    return params.warp_hz * np.log1p(frequency_hz / params.warp_hz)


def unwarp(params: SpectrogramParams, position):
    """Frequency in Hz at a position of the scale, the inverse of `warp`."""
    position = np.asarray(position, dtype=np.float64)
    if params.scale == "linear":
        return position
    if params.scale == "log":
        return np.exp(position)
    if params.scale == "slaney":
        above = SLANEY_KNEE_HZ * np.exp((position - SLANEY_KNEE) * SLANEY_STEP)
        return np.where(position < SLANEY_KNEE, position * SLANEY_KNEE_HZ / SLANEY_KNEE, above)
    return params.warp_hz * np.expm1(position / params.warp_hz)


def edges_hz(params: SpectrogramParams) -> np.ndarray:
    """The bands + 2 corner frequencies of the triangles, low_hz first and high_hz last."""
    low, high = warp(params, [params.low_hz, params.high_hz])
    return unwarp(params, np.linspace(low, high, params.bands + 2))


def centres_hz(params: SpectrogramParams) -> np.ndarray:
    """Centre frequency of each band, ascending."""
    return edges_hz(params)[1:-1]


def _triangles(params: SpectrogramParams) -> np.ndarray:
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
    if params.norm in ("slaney", "area"):
        weights *= 2 / (edges[2:] - edges[:-2])[:, None]
    return weights


@lru_cache(maxsize=16)
def filterbank(params: SpectrogramParams) -> csr_matrix:
    """Triangles (bands, bins): `mean` rows sum to one, so a band is the mean magnitude of its bins.

    No side of a triangle is then shorter than one bin, so that no band is empty; the triangles of `peak` (HTK) and
    `slaney`, `area` (librosa) are left as those projects make them.
    """
    return csr_matrix(_triangles(params).astype(np.float32))


@lru_cache(maxsize=16)
def band_weights(params: SpectrogramParams) -> np.ndarray:
    """Sum of each triangle (bands, 1): dividing by it turns levels of any norm into mean magnitudes."""
    return np.maximum(_triangles(params).sum(axis=1, keepdims=True), 1e-9).astype(np.float32)


@lru_cache(maxsize=16)
def inverse_filterbank(params: SpectrogramParams) -> csr_matrix:
    """Ridge pseudo-inverse (bins, bands), entries below 1 % dropped: band to bin magnitudes, some below zero."""
    weights = _triangles(params)
    if weights.shape[0] <= weights.shape[1]:
        inverse = np.linalg.solve(_ridged(weights @ weights.T), weights).T
    else:
        inverse = np.linalg.solve(_ridged(weights.T @ weights), weights.T)
    inverse[np.abs(inverse) < 0.01] = 0
    return csr_matrix(inverse.astype(np.float32))


@lru_cache(maxsize=16)
def spreading(params: SpectrogramParams) -> csr_matrix:
    """Weights (bins, bands) that share a gain per band among its bins; each reached bin's weights sum to one."""
    weights = _triangles(params)
    return csr_matrix((weights / np.maximum(weights.sum(axis=0), 1e-9)).T.astype(np.float32))


def _ridged(gram: np.ndarray) -> np.ndarray:
    return gram + RIDGE * np.linalg.norm(gram, 2) * np.eye(len(gram))
