"""Short-time spectra a few frames at a time: each chunk is made, used and laid down again while it is in the cache.

A whole spectrum of a picture is 4 MB; writing it to memory and fetching it back costs more than the transform itself.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import scipy.fft

from spectrogram.params import SpectrogramParams
from spectrogram.stft import analysis_window, padding, synthesis_gain

CHUNK_SAMPLES = 1 << 16  # of all frames of a chunk; with their spectrum they fill half of a megabyte
Chunks = Iterable[tuple[slice, np.ndarray]]


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
        from spectrogram.phase import add_pieces, finish_canvas

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
