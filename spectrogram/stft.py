"""Short-time Fourier transform and its inverse in single precision. Spectra are complex64 (frames, bins).

Frames are scaled so that a full-scale sine on a bin has magnitude 1. Framing "half" centres frame t at (t + ½)·hop,
so that `frames` frames cover exactly frames·hop samples; "centre" at t·hop with reflected ends.
"""

from functools import lru_cache

import numpy as np

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
    from spectrogram.sweep import Sweep

    sweep = Sweep(params, frames, len(audio))
    spectrum = np.empty((frames, params.fft_samples // 2 + 1), np.complex64)
    for chunk, part in sweep.spectra(sweep.canvas(audio)):
        spectrum[chunk] = part
    return spectrum


@lru_cache(maxsize=8)
def synthesis_gain(params: SpectrogramParams, frames: int) -> np.ndarray:
    """What overlapping windows have to be divided by, a factor a sample from the first frame's first sample."""
    window = analysis_window(params.window_samples, params.fft_samples)
    energy = np.zeros((frames - 1) * params.hop_samples + params.fft_samples, np.float32)
    for frame in range(frames):
        start = frame * params.hop_samples
        energy[start : start + params.fft_samples] += window * window
    return 1 / np.maximum(energy, 1e-3 * energy.max())


def istft(spectrum: np.ndarray, params: SpectrogramParams, samples: int) -> np.ndarray:
    """Audio (samples,) whose spectrum is nearest to the given one (least squares; Griffin and Lim 1984)."""
    from spectrogram.sweep import Sweep

    sweep = Sweep(params, len(spectrum), samples)
    return sweep.audio(sweep.lay(sweep.split(spectrum)))
