import numpy as np
import pytest

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
