"""The two mel filter banks that published audio embedders were trained on, as matrices (frequency bins, bands).

"htk": mel = 1127 ln(1 + f / 700), triangles straight in mel, peak 1 (VGGish).
"slaney": straight below 1 kHz, logarithmic above, triangles straight in Hz, area 1 (librosa's default, PANNs).
"""

import numpy as np

SLANEY_HZ_PER_MEL = 200 / 3
SLANEY_BREAK_HZ = 1000.0
SLANEY_LOG_STEP = np.log(6.4) / 27


def htk_filters(bins: int, sample_rate_hz: int, bands: int, low_hz: float, high_hz: float) -> np.ndarray:
    """HTK filters (bins, bands); the bin at 0 Hz gets weight 0."""
    bin_mel = _htk_mel(np.linspace(0, sample_rate_hz / 2, bins))[:, None]
    edges = np.linspace(_htk_mel(low_hz), _htk_mel(high_hz), bands + 2)
    filters = _triangles(bin_mel, edges)
    filters[0] = 0
    return filters


def slaney_filters(bins: int, sample_rate_hz: int, bands: int, low_hz: float, high_hz: float) -> np.ndarray:
    """Slaney filters (bins, bands), each scaled by 2 over its width in Hz."""
    edges = _slaney_hz(np.linspace(_slaney_mel(low_hz), _slaney_mel(high_hz), bands + 2))
    filters = _triangles(np.linspace(0, sample_rate_hz / 2, bins)[:, None], edges)
    return filters * (2 / (edges[2:] - edges[:-2]))


def _triangles(positions: np.ndarray, edges: np.ndarray) -> np.ndarray:
    rising = (positions - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - positions) / (edges[2:] - edges[1:-1])
    return np.maximum(0.0, np.minimum(rising, falling))


def _htk_mel(hz):
    return 1127.0 * np.log1p(np.asarray(hz, dtype=np.float64) / 700.0)


def _slaney_mel(hz: float) -> float:
    if hz < SLANEY_BREAK_HZ:
        return hz / SLANEY_HZ_PER_MEL
    return SLANEY_BREAK_HZ / SLANEY_HZ_PER_MEL + np.log(hz / SLANEY_BREAK_HZ) / SLANEY_LOG_STEP


def _slaney_hz(mel: np.ndarray) -> np.ndarray:
    break_mel = SLANEY_BREAK_HZ / SLANEY_HZ_PER_MEL
    logarithmic = SLANEY_BREAK_HZ * np.exp(SLANEY_LOG_STEP * (mel - break_mel))
    return np.where(mel < break_mel, mel * SLANEY_HZ_PER_MEL, logarithmic)
