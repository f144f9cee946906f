import numpy as np
import pytest
import torch

from spectrogram.codec import SpectrogramCodec
from spectrogram.codec.mel import band_weights, centres_hz, filterbank, inverse_filterbank, unwarp, warp
from spectrogram.params import PRESETS, SpectrogramParams

OURS = [name for name, params in PRESETS.items() if params.norm == "mean"]


@pytest.mark.parametrize("name", PRESETS)
def test_the_scale_and_its_inverse_cancel(name):
    params = SpectrogramParams.preset(name)
    frequencies = np.linspace(max(params.low_hz, 1), params.high_hz, 50)
    np.testing.assert_allclose(unwarp(params, warp(params, frequencies)), frequencies, rtol=1e-9)


@pytest.mark.parametrize("name", OURS)
def test_every_band_is_a_mean_and_none_is_empty(name):
    weights = filterbank(SpectrogramParams.preset(name)).toarray()
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    assert weights.min() >= 0


def test_riffusion_bands_equal_those_of_torchaudio():
    from torchaudio.functional import melscale_fbanks

    params = SpectrogramParams.preset("riffusion")
    theirs = melscale_fbanks(params.fft_samples // 2 + 1, 0.0, 10000.0, 512, 44100, norm=None, mel_scale="htk")
    np.testing.assert_allclose(filterbank(params).toarray(), theirs.numpy().T, atol=2e-4)


def test_audio_diffusion_bands_equal_those_of_librosa():
    from librosa.filters import mel

    params = SpectrogramParams.preset("audio-diffusion")
    theirs = mel(sr=22050, n_fft=2048, n_mels=256)
    np.testing.assert_allclose(filterbank(params).toarray(), theirs, atol=1e-5)
    np.testing.assert_allclose(band_weights(params)[:, 0], np.maximum(theirs.sum(axis=1), 1e-9), rtol=1e-3, atol=1e-6)


def test_auffusion_pictures_equal_its_own_computation():
    """log of librosa's bands of magnitudes, 1e-5 to 200, frames padded by reflection (Auffusion, converter.py)."""
    from librosa.filters import mel

    params = SpectrogramParams.preset("auffusion")
    random = np.random.default_rng(3)
    seconds = np.arange(params.clip_samples) / params.sample_rate_hz
    audio = 0.3 * np.sin(2 * np.pi * 440 * seconds) + random.normal(0, 0.01, len(seconds))
    audio = torch.from_numpy(audio.astype(np.float32))[None]
    padded = torch.nn.functional.pad(audio[:, None], (944, 944), mode="reflect")[:, 0]
    sizes = torch.stft(padded, 2048, 160, 1024, torch.hann_window(1024), center=False, return_complex=True).abs()[0]
    levels = torch.log(torch.from_numpy(mel(sr=16000, n_fft=2048, n_mels=256, fmin=0, fmax=8000)) @ sizes + 1e-9)
    shades = (levels - np.log(1e-5)) / (np.log(200) - np.log(1e-5))
    theirs = 255 * shades.clamp(0, 1).flip(0).numpy()
    ours = np.asarray(SpectrogramCodec(params).encode(audio.numpy(), 16000).convert("L"), dtype=np.float32)
    inner = slice(8, -8)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs)[:, inner].max() <= 1.5
    heard, rate_hz = SpectrogramCodec(params).decode(SpectrogramCodec(params).encode(audio.numpy(), 16000))
    spectrum = np.abs(np.fft.rfft(heard[0]))
    assert np.argmax(spectrum) * rate_hz / len(heard[0]) == pytest.approx(440, abs=1)
    assert np.abs(heard).max() == pytest.approx(0.33, abs=0.07)


@pytest.mark.parametrize("name", ["mini", "sd15", "sd15-fine"])
def test_the_inverse_gives_magnitudes_with_the_same_bands(name):
    params = SpectrogramParams.preset(name)
    smooth = 1 + 0.5 * np.sin(np.linspace(0, 9, filterbank(params).shape[1]))[:, None]
    bands = filterbank(params) @ smooth
    again = filterbank(params) @ (inverse_filterbank(params) @ bands)
    inner = slice(2, -2)
    np.testing.assert_allclose(again[inner], bands[inner], rtol=0.05)


def test_centres_ascend_from_low_to_high():
    centres = centres_hz(SpectrogramParams.preset("mini"))
    assert np.all(np.diff(centres) > 0)
    assert 0 < centres[0] < 40
    assert 11700 < centres[-1] < 12000
