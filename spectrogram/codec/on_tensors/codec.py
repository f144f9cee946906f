"""The codec on tensors: whole batches on the device where they are, differentiable, for pictures straight from a VAE.

Pictures are float (batch, 3, rows, columns) in 0..1, sounds float (batch, 1, samples) at the codec's own rate. Encoding
equals `SpectrogramCodec`'s; decoding does once phases are given. Found on the device they differ, see `.phase`.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from spectrogram.codec.learned_inverse import FINE, load_weights
from spectrogram.codec.mel import filterbank, inverse_filterbank, spreading
from spectrogram.codec.on_tensors.learned_inverse import fine_magnitude
from spectrogram.codec.on_tensors.phase import integrate_phase
from spectrogram.codec.pixels import SILENT_DB
from spectrogram.codec.reconstruct import FLOOR, GREATEST_GAIN, LEAST_OVERLAP, MOMENTUM
from spectrogram.codec.stft import analysis_window, padding
from spectrogram.params import SpectrogramParams
from spectrogram.problems import UsageProblem

LAYOUTS = ("grey", "bands", "frames")


class TorchCodec:
    """Encoder and decoder of one set of parameters for tensors on one device."""

    def __init__(self, params: SpectrogramParams, device="cpu", steps: int | None = None, fits: int = 1):
        """`steps` Griffin-Lim iterations (None: 8, as phases found on a device need more than the numpy road's 2)."""
        if not params.absolute or params.layout not in LAYOUTS:
            raise UsageProblem(
                f"the {params.layout} pictures of {params.fingerprint} are not for tensors",
                f"mono pictures of this project ({', '.join(LAYOUTS)})",
                "use SpectrogramCodec",
            )
        self.params, self.device, self.fits = params, torch.device(device), fits
        self.weights = load_weights(params)
        overlap = params.window_samples / params.hop_samples
        if self.weights is None and overlap < LEAST_OVERLAP:
            raise UsageProblem(
                f"columns overlap {overlap:.1f} times", f"{LEAST_OVERLAP:g} times", "use SpectrogramCodec"
            )
        self.fine = params if self.weights is None else params.replace(step_ms=params.step_ms / FINE)
        self.steps = 8 if steps is None else steps
        self.bands, self.spread, self.inverse = (
            torch.from_numpy(matrix(params).toarray()).to(self.device)
            for matrix in (filterbank, spreading, inverse_filterbank)
        )
        self.window = torch.from_numpy(analysis_window(params.window_samples, params.fft_samples)).to(self.device)

    def levels(self, audio: torch.Tensor) -> torch.Tensor:
        """Band magnitudes (batch, bands, frames) of sounds (batch, 1, samples)."""
        frames = audio.shape[-1] // self.params.hop_samples
        return self.bands @ _sizes(self.stft(audio[:, 0], self.params, frames)).mT

    def encode(self, audio: torch.Tensor, rounded: bool = False) -> torch.Tensor:
        """Pictures of sounds as long as a whole number of columns; `rounded` to bytes as `pixels.carried` does, else
        gradients flow."""
        levels = self.levels(audio.to(self.device))
        shades = 1 + 20 * torch.log10(levels.clamp_min(1e-12)) / self.params.range_db
        shades = shades.clamp(0, 1)
        return self._pack(_carried(shades * 255) / 255 if rounded else shades)

    def decode(self, pictures: torch.Tensor, seed: int = 0, phase: torch.Tensor | None = None) -> torch.Tensor:
        """Sounds of pictures; `phase` (batch, frames, bins) in turns replaces the phases found on the device."""
        levels = self.levels_of(self._unpack(pictures.to(self.device, torch.float32)))
        samples = levels.shape[2] * self.params.hop_samples
        magnitude = self.magnitude(levels)
        if phase is None:
            phase = integrate_phase(torch.log(magnitude.detach().clamp_min(float(FLOOR))), self.fine, seed)
        spectrum = torch.polar(magnitude, 2 * math.pi * phase)
        previous = torch.zeros_like(spectrum)
        for _ in range(self.steps):
            now = self.stft(self.istft(spectrum, self.fine, samples), self.fine, magnitude.shape[1])
            ahead = now - float(MOMENTUM) * previous
            spectrum, previous = ahead * (magnitude / _sizes(ahead)), now
        audio = self.istft(spectrum, self.fine, samples)
        for _ in range(self.fits):
            audio = self._fit_bands(audio, levels)
        return audio[:, None]

    def levels_of(self, shades: torch.Tensor) -> torch.Tensor:
        """Linear magnitudes for values 0..1, as `pixels.levels_of`."""
        level_db = self.params.range_db * (shades - 1) - SILENT_DB * (1 - 2 * 255 * shades).clamp_min(0)
        return 10 ** (level_db / 20)

    def magnitude(self, levels: torch.Tensor) -> torch.Tensor:
        """Bin magnitudes (batch, frames, bins) of band levels; three frames a column where an inverse was learned."""
        if self.weights is None:
            return (self.inverse @ levels).clamp_min(0).mT.contiguous()
        return fine_magnitude(levels, self.params, self.weights, self.bands, self.spread)

    def stft(self, audio: torch.Tensor, params: SpectrogramParams, frames: int) -> torch.Tensor:
        """Spectra (batch, frames, bins) of sounds (batch, samples)."""
        before = padding(params)
        after = (frames - 1) * params.hop_samples + params.fft_samples - before - audio.shape[-1]
        slices = F.pad(audio, (before, max(0, after))).unfold(-1, params.fft_samples, params.hop_samples)
        return torch.fft.rfft(slices[:, :frames] * self.window)

    def istft(self, spectrum: torch.Tensor, params: SpectrogramParams, samples: int) -> torch.Tensor:
        """Sounds (batch, samples) whose spectra are nearest to the given ones."""
        pieces = torch.fft.irfft(spectrum, params.fft_samples) * self.window
        energy = (self.window**2).expand(1, pieces.shape[1], -1)
        summed, energy = (_overlap_add(part, params.hop_samples) for part in (pieces, energy))
        audio = (summed / torch.maximum(energy, 1e-3 * energy.max()))[:, padding(params) :][:, :samples]
        return F.pad(audio, (0, samples - audio.shape[-1]))

    def _fit_bands(self, audio: torch.Tensor, levels: torch.Tensor) -> torch.Tensor:
        spectrum = self.stft(audio, self.params, levels.shape[2])
        heard = self.bands @ _sizes(spectrum).mT
        gain = (levels / heard.clamp_min(float(FLOOR))).clamp_max(float(GREATEST_GAIN))
        return self.istft(spectrum * (self.spread @ gain).mT, self.params, audio.shape[-1])

    def _pack(self, shades: torch.Tensor) -> torch.Tensor:
        batch, rows = len(shades), self.params.mel_bands
        if self.params.layout == "bands":
            colours = shades.reshape(batch, rows, 3, -1).transpose(1, 2)
        elif self.params.layout == "frames":
            colours = shades.reshape(batch, rows, -1, 3).permute(0, 3, 1, 2)
        else:
            colours = shades[:, None].expand(-1, 3, -1, -1)
        return colours.flip(2)

    def _unpack(self, pictures: torch.Tensor) -> torch.Tensor:
        colours = pictures.flip(2)
        if self.params.layout == "bands":
            return colours.transpose(1, 2).reshape(len(colours), self.params.bands, -1)
        if self.params.layout == "frames":
            return colours.permute(0, 2, 3, 1).reshape(len(colours), colours.shape[2], -1)
        return colours.mean(dim=1)


def _carried(values: torch.Tensor) -> torch.Tensor:
    """`pixels.carried` on tensors."""
    sums = torch.round(torch.cumsum(values, dim=-1, dtype=torch.float64))
    return torch.diff(sums, dim=-1, prepend=torch.zeros_like(sums[..., :1])).float()


def _sizes(spectrum: torch.Tensor) -> torch.Tensor:
    """Magnitudes whose gradient is finite at zero too."""
    return torch.sqrt(spectrum.real**2 + spectrum.imag**2 + np.float32(1e-20))


def _overlap_add(pieces: torch.Tensor, hop_samples: int) -> torch.Tensor:
    """Sum (batch, length) of pieces (batch, frames, samples), each hop_samples later."""
    batch, frames, size = pieces.shape
    length = (frames - 1) * hop_samples + size
    return F.fold(pieces.mT, (1, length), (1, size), stride=(1, hop_samples)).reshape(batch, length)
