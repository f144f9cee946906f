"""Short-time Fourier transform and its inverse in single precision. Spectra are complex64 (frames, bins).

Frames are scaled so that a full-scale sine on a bin has magnitude 1. Framing "half" centres frame t at (t + ½)·hop,
so that `frames` frames cover exactly frames·hop samples; "centre" at t·hop with reflected ends.
"""

from functools import lru_cache

import numpy as np
import scipy.fft

from spectrogram.params import SpectrogramParams


@lru_cache(maxsize=16)
def analysis_window(window_samples: int, fft_samples: int) -> np.ndarray:
    """Periodic Hann window, zero-padded to the FFT, scaled for a sine of amplitude 1 to read 1."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window_samples) / window_samples)
    before = (fft_samples - window_samples) // 2
    padded = np.pad(hann, (before, fft_samples - window_samples - before))
    return (padded * 2 / hann.sum()).astype(np.float32)


def padding(params: SpectrogramParams) -> int:
    """Samples before the first sample that the first frame reaches."""
    return params.fft_samples // 2 - (params.hop_samples // 2 if params.framing == "half" else 0)


def stft(audio: np.ndarray, params: SpectrogramParams, frames: int) -> np.ndarray:
    """Spectrum (frames, bins) of audio (samples,)."""
    before = padding(params)
    after = max(0, (frames - 1) * params.hop_samples + params.fft_samples - before - len(audio))
    reflected = params.framing == "centre" and len(audio) > max(before, after)
    padded = np.pad(audio, (before, after), mode="reflect" if reflected else "constant")
    slices = np.lib.stride_tricks.sliding_window_view(padded, params.fft_samples)[:: params.hop_samples][:frames]
    return scipy.fft.rfft(slices * analysis_window(params.window_samples, params.fft_samples), axis=1, overwrite_x=True)


@lru_cache(maxsize=8)
def _synthesis_gain(params: SpectrogramParams, frames: int) -> np.ndarray:
    window = analysis_window(params.window_samples, params.fft_samples)
    energy = np.zeros((frames - 1) * params.hop_samples + params.fft_samples, np.float32)
    for frame in range(frames):
        start = frame * params.hop_samples
        energy[start : start + params.fft_samples] += window * window
    return 1 / np.maximum(energy, 1e-3 * energy.max())


def istft(spectrum: np.ndarray, params: SpectrogramParams, samples: int) -> np.ndarray:
    """Audio (samples,) whose spectrum is nearest to the given one (least squares; Griffin and Lim 1984)."""
    from spectrogram.phase import overlap_add

    pieces = scipy.fft.irfft(spectrum, params.fft_samples, axis=1, overwrite_x=True)
    window = analysis_window(params.window_samples, params.fft_samples)
    summed = overlap_add(pieces, window, params.hop_samples, _synthesis_gain(params, len(spectrum)))
    audio = summed[padding(params) :][:samples]
    return np.pad(audio, (0, samples - len(audio)))
