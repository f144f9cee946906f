"""Codecs of others, restated from their published parameters, beside ours: sound at 44.1 kHz to a picture and back."""

from collections.abc import Callable
from dataclasses import dataclass

import librosa
import numpy as np
import torch
import torchaudio

from spectrogram.codec import SpectrogramCodec
from spectrogram.files.audio import resample
from spectrogram.params import SpectrogramParams

RATE_HZ = 44100


@dataclass(frozen=True)
class Peer:
    """encode: (samples,) -> picture bytes (rows, columns, 3) and side information; decode: both -> (samples,)."""

    name: str
    encode: Callable
    decode: Callable


def ours(preset: str, name: str) -> Peer:
    """Our codec with a preset, resampling included."""
    codec = SpectrogramCodec(SpectrogramParams.preset(preset))

    def decode(picture, _):
        audio, rate_hz = codec.decode(picture)
        return resample(audio, rate_hz, RATE_HZ)[0]

    return Peer(name, lambda audio: (np.asarray(codec.encode(audio[None], RATE_HZ)), None), decode)


def _riffusion_grid(params):
    """Arguments of torchaudio's spectrogram and mel scale as riffusion-hobby passes them."""
    grid = {"n_fft": params.fft_samples, "win_length": params.window_samples, "hop_length": params.hop_samples}
    bands = (params.mel_bands, params.sample_rate_hz, params.low_hz, params.high_hz, params.fft_samples // 2 + 1)
    return grid, bands


def riffusion_transform(params):
    """A function: audio (samples,) to band magnitudes (bands, frames), as riffusion-hobby's converter finds them."""
    grid, bands = _riffusion_grid(params)
    transform = torchaudio.transforms.Spectrogram(**grid, power=None)
    scale = torchaudio.transforms.MelScale(*bands, norm=None, mel_scale="htk")
    return lambda audio: scale(transform(torch.from_numpy(audio)[None]).abs())[0].numpy()


def riffusion_decoder(params, iterations: int):
    """A function: picture (and the true peak, if known) to audio; the inverse of the bands by least squares."""
    grid, bands = _riffusion_grid(params)
    matrix = torchaudio.transforms.MelScale(*bands, norm=None, mel_scale="htk").fb.numpy().T
    griffin_lim = torchaudio.transforms.GriffinLim(**grid, n_iter=iterations, power=1.0, momentum=0.99)

    def decode(picture, peak=1.0):
        sizes = (1 - np.asarray(picture)[::-1, :, :3].mean(axis=2, dtype=np.float32) / 255) ** 4 * peak
        spectrum = np.maximum(np.linalg.lstsq(matrix, sizes, rcond=None)[0], 0).astype(np.float32)
        torch.manual_seed(0)
        return griffin_lim(torch.from_numpy(spectrum)[None])[0].numpy()

    return decode


def riffusion(iterations: int = 32) -> Peer:
    """riffusion-hobby's parameters with torchaudio's transforms.

    Its own converter normalises each sound to full scale; here the true peak is handed over, which is kinder.
    """
    params = SpectrogramParams.preset("riffusion")
    transform = riffusion_transform(params)

    def encode(audio):
        sizes = transform(audio)
        shades = (255 - 255 * (sizes / sizes.max()) ** 0.25).astype(np.uint8)[::-1]
        return np.repeat(shades[..., None], 3, axis=2), sizes.max()

    return Peer(f"riffusion (GL {iterations})", encode, riffusion_decoder(params, iterations))


def librosa_style() -> Peer:
    """512 mel bands of power in 80 dB under the peak, NNLS and 32 Griffin-Lim iterations: librosa's own road back."""
    grid = {"n_fft": 2048, "hop_length": 441}

    def encode(audio):
        power = librosa.feature.melspectrogram(y=audio, sr=RATE_HZ, n_mels=512, **grid)
        level_db = librosa.power_to_db(power, ref=np.max)
        return np.repeat(np.rint(255 * (1 + level_db / 80)).astype(np.uint8)[::-1, :, None], 3, axis=2), power.max()

    def decode(picture, peak):
        power = librosa.db_to_power(80 * (picture[::-1, :, 0].astype(np.float32) / 255 - 1), ref=peak)
        return librosa.feature.inverse.mel_to_audio(power, sr=RATE_HZ, n_iter=32, **grid)

    return Peer("librosa (NNLS, GL 32)", encode, decode)
