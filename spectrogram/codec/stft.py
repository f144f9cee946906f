"""Short-time Fourier transform and its inverse in single precision. Spectra are complex64 (frames, bins).

Frames are scaled so that a full-scale sine on a bin has magnitude 1. Framing "half" centres frame t at (t + ½)·hop,
so that `frames` frames cover exactly frames·hop samples; "centre" at t·hop with reflected ends. A whole spectrum of a
picture is 4 MB; writing it to memory and fetching it back costs more than the transform itself, so `Sweep` goes over it
a few frames at a time: each chunk is made, used and laid down again while it is in the cache.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np
import scipy.fft

from spectrogram.codec.phase import add_pieces, finish_canvas
from spectrogram.params import SpectrogramParams

CHUNK_SAMPLES = 1 << 16  # of all frames of a chunk; with their spectrum they fill half of a megabyte
Chunks = Iterable[tuple[slice, np.ndarray]]


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
    sweep = Sweep(params, len(spectrum), samples)
    return sweep.audio(sweep.lay(sweep.split(spectrum)))


class Sweep:
    """Transforms of sounds of `samples` samples in `frames` frames.

    `canvas` is a sound (float32) with room for frames that reach past its ends; spectra are (chunk's frames, bins).
    """

    def __init__(self, params: SpectrogramParams, frames: int, samples: int):
        self.params, self.frames, self.samples = params, frames, samples
        self.before = padding(params)
        covered = (frames - 1) * params.hop_samples + params.fft_samples
        self.after = max(0, covered - self.before - samples)
        self.chunk = max(4, CHUNK_SAMPLES // params.fft_samples)
        self.window = analysis_window(params.window_samples, params.fft_samples)

    def canvas(self, audio: np.ndarray) -> np.ndarray:
        """The sound (samples,) with its surroundings: silence, or its reflection where the framing wants that."""
        reflected = self.params.framing == "centre" and len(audio) > max(self.before, self.after)
        return np.pad(audio, (self.before, self.after), mode="reflect" if reflected else "constant")

    def audio(self, canvas: np.ndarray) -> np.ndarray:
        """The sound (samples,) on the canvas."""
        inner = canvas[self.before : self.before + self.samples]
        return np.pad(inner, (0, self.samples - len(inner)))

    def spectra(self, canvas: np.ndarray, first: int = 0, every: int = 1) -> Iterator[tuple[slice, np.ndarray]]:
        """(which frames, their spectrum complex64), in order, of each `every`-th frame; it may be overwritten."""
        hop, size = self.params.hop_samples, self.params.fft_samples
        views = np.lib.stride_tricks.sliding_window_view(canvas, size)[::hop]
        for chunk in self._chunks(first, every):
            yield chunk, scipy.fft.rfft(views[chunk] * self.window, axis=1, overwrite_x=True)

    def split(self, *arrays: np.ndarray) -> Iterator[tuple]:
        """(which frames, those frames of each array), in order."""
        for chunk in self._chunks():
            yield chunk, *(array[chunk] for array in arrays)

    def _chunks(self, first: int = 0, every: int = 1) -> Iterator[slice]:
        for start in range(first, self.frames, self.chunk * every):
            yield slice(start, min(start + self.chunk * every, self.frames), every)

    def lay(self, chunks: Chunks) -> np.ndarray:
        """Canvas whose spectra are nearest to the given ones (least squares; Griffin and Lim 1984)."""
        return self.lay_channels(chunks, 1)[0]

    def lay_channels(self, chunks: Iterable[tuple], channels: int) -> np.ndarray:
        """Canvases (channels, samples) of chunks (which frames, spectrum of each channel …)."""
        hop, size = self.params.hop_samples, self.params.fft_samples
        length = max((self.frames - 1) * hop + size, self.before + self.samples + self.after)
        totals = np.zeros((channels, length), np.float32)
        for chunk, *spectra in chunks:
            for total, spectrum in zip(totals, spectra, strict=True):
                pieces = scipy.fft.irfft(spectrum, size, axis=1, overwrite_x=False)
                add_pieces(pieces, self.window, total, chunk.start * hop, hop * chunk.step)
        gain = synthesis_gain(self.params, self.frames)
        for total in totals:
            finish_canvas(total, gain, self.before, self.before + self.samples)
        return totals
