"""Sound to picture and back. Audio is float32 (channels, samples); a picture is 8-bit RGB, columns x mel_bands."""

import numpy as np
from PIL import Image

from spectrogram.audio_io import check_audio, mix_channels, resample
from spectrogram.mel import filterbank, inverse_filterbank
from spectrogram.params import KEY, SpectrogramParams
from spectrogram.stft import istft, stft


class SpectrogramCodec:
    """Encoder and decoder for one set of parameters; holds no state beyond them, safe in threads."""

    def __init__(self, params: SpectrogramParams):
        self.params = params

    def encode(self, audio: np.ndarray, sample_rate_hz: int) -> Image.Image:
        """Picture of the first `clip_seconds`; shorter audio is padded with silence, longer is cut.

        Lost: the phase, all above high_hz, what lies `range_db` below full scale, and 8-bit rounding.
        """
        audio = self._fit(check_audio(audio), sample_rate_hz)
        image = Image.fromarray(np.repeat(self._pixels(audio[0])[..., None], 3, axis=2))
        image.info[KEY] = self.params.to_json()
        return image

    def decode(self, image: Image.Image, seed: int = 0) -> tuple[np.ndarray, int]:
        """Audio and its rate, the inverse of `encode`: as long as the picture is wide; the seed draws lost phases."""
        pixels = np.asarray(image.convert("RGB"), dtype=np.float32).mean(axis=2)
        magnitude = np.maximum(self._levels(pixels) @ inverse_filterbank(self.params).T, 0)
        phase = np.random.default_rng(seed).uniform(-np.pi, np.pi, magnitude.shape).astype(np.float32)
        samples = magnitude.shape[0] * self.params.hop_samples
        spectrum = magnitude * np.exp(1j * phase)
        for _ in range(16):
            estimate = stft(istft(spectrum, self.params, samples), self.params, magnitude.shape[0])
            spectrum = magnitude * (estimate / np.maximum(np.abs(estimate), 1e-12))
        return istft(spectrum, self.params, samples)[None], self.params.sample_rate_hz

    def _fit(self, audio: np.ndarray, sample_rate_hz: int) -> np.ndarray:
        wanted = round(self.params.clip_seconds * sample_rate_hz)
        audio = resample(mix_channels(audio[:, :wanted], self.params.channels), sample_rate_hz, self.params.sample_rate_hz)
        audio = audio[:, : self.params.clip_samples]
        return np.pad(audio, ((0, 0), (0, self.params.clip_samples - audio.shape[1])))

    def _pixels(self, audio: np.ndarray) -> np.ndarray:
        """Rows (mel_bands, columns) of bytes, highest band first."""
        magnitude = np.abs(stft(audio, self.params, self.params.columns))
        bands = filterbank(self.params) @ magnitude.T
        level_db = 20 * np.log10(np.maximum(bands, 1e-9))
        return np.clip(np.rint(255 * (1 + level_db / self.params.range_db)), 0, 255).astype(np.uint8)[::-1]

    def _levels(self, pixels: np.ndarray) -> np.ndarray:
        """Band magnitudes (columns, bands), lowest first; black is silence, not range_db below full scale."""
        level_db = (pixels[::-1].T / 255 - 1) * self.params.range_db
        return np.where(pixels[::-1].T > 0, 10 ** (level_db / 20), 0).astype(np.float32)
