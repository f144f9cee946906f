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
from spectrogram.codec.noise_filling import noise_share, white_noise
from spectrogram.codec.on_tensors.learned_inverse import fine_magnitude
from spectrogram.codec.on_tensors.phase import integrate_phase
from spectrogram.codec.pixels import SILENT_DB
from spectrogram.codec.reconstruct import FLOOR, GREATEST_GAIN, MOMENTUM, OVERSHOOT, catmull_rom, refinement
from spectrogram.codec.stft import analysis_window, padding
from spectrogram.params import SpectrogramParams
from spectrogram.problems import UsageProblem

LAYOUTS = ("grey", "bands", "frames")


class TorchCodec:
    """Encoder and decoder of one set of parameters for tensors on one device."""

    def __init__(
        self, params: SpectrogramParams, device="cpu", steps: int | None = None, fits: int = 1, fill: bool = True
    ):
        """`steps` Griffin-Lim iterations (None: 8, as phases found on a device need more than the numpy road's 2).

        `fill`: places without the grain of noise become noise (see `noise_filling`), picture n's drawn from seed + n.
        """
        if not params.absolute or params.layout not in LAYOUTS:
            raise UsageProblem(
                f"the {params.layout} pictures of {params.fingerprint} are not for tensors",
                f"mono pictures of this project ({', '.join(LAYOUTS)})",
                "use SpectrogramCodec",
            )
        self.params, self.device, self.fits, self.fill = params, torch.device(device), fits, fill
        self.weights = load_weights(params)
        self.finer = refinement(params) if self.weights is None else FINE
        self.fine = params.replace(step_ms=params.step_ms / self.finer) if self.finer > 1 else params
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
        share = self._noise_share(levels) if self.fill else None
        for left in range(self.fits, 0, -1):
            audio = self._fit_bands(audio, levels, share if left == 1 else None, seed)
        return audio[:, None]

    def _noise_share(self, levels: torch.Tensor) -> torch.Tensor | None:
        """`noise_filling.noise_share` of each picture (batch, bands, frames), no gradient; None where all are."""
        found = [noise_share(one, self.params) for one in levels.detach().cpu().numpy()]
        if all(share is None for share in found):
            return None
        shares = [np.zeros(levels.shape[1:], np.float32) if share is None else share for share in found]
        return torch.from_numpy(np.stack(shares)).to(self.device)

    def levels_of(self, shades: torch.Tensor) -> torch.Tensor:
        """Linear magnitudes for values 0..1, as `pixels.levels_of`."""
        level_db = self.params.range_db * (shades - 1) - SILENT_DB * (1 - 2 * 255 * shades).clamp_min(0)
        return 10 ** (level_db / 20)

    def magnitude(self, levels: torch.Tensor) -> torch.Tensor:
        """Bin magnitudes (batch, frames, bins) of band levels; more frames than columns where these are far apart."""
        if self.weights is None:
            return (self.inverse @ refined(levels, self.finer)).clamp_min(0).mT.contiguous()
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

    def _fit_bands(self, audio: torch.Tensor, levels: torch.Tensor, share: torch.Tensor | None, seed: int):
        spectrum = self.stft(audio, self.params, levels.shape[2])
        heard, wanted = self.bands @ _sizes(spectrum).mT, levels if share is None else levels * torch.sqrt(1 - share)
        gain = (wanted / heard.clamp_min(float(FLOOR))).clamp_max(float(GREATEST_GAIN))
        spectrum = spectrum * (self.spread @ gain).mT
        if share is not None:
            white = np.stack([white_noise(audio.shape[-1], seed + n) for n in range(len(audio))])
            drawn = self.stft(torch.from_numpy(white).to(self.device), self.params, levels.shape[2])
            mean_size = math.sqrt(math.pi / 4 * float(torch.sum(self.window.double() ** 2)))
            spectrum = spectrum + drawn * (self.spread @ (levels * torch.sqrt(share) / mean_size)).mT
        return self.istft(spectrum, self.params, audio.shape[-1])

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


def refined(levels: torch.Tensor, factor: int) -> torch.Tensor:
    """`reconstruct.refine_time` on tensors: levels (batch, bands, frames·factor), Catmull-Rom in dB."""
    if factor == 1:
        return levels
    frames = levels.shape[-1]
    padded = F.pad(torch.log(levels.clamp_min(float(FLOOR))), (2, 2), mode="replicate")
    between = []
    for index in range(factor):
        offset = (index - factor // 2) / factor
        shift, part = (0, offset) if offset >= 0 else (-1, offset + 1)
        near = [padded[..., 1 + shift + tap : 1 + shift + tap + frames] for tap in range(4)]
        curve = sum(weight * row for weight, row in zip(catmull_rom(part), near, strict=True))
        between.append(torch.minimum(curve, torch.maximum(near[1], near[2]) + float(OVERSHOOT)))
    fine = torch.exp(torch.stack(between, dim=-1).flatten(-2))
    return torch.where(fine > 2 * float(FLOOR), fine, 0)


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
