"""Filter banks and log-mels against librosa and against loops of their definitions."""

import librosa
import numpy as np
import pytest
import scipy.signal

from metrics.embedders.front_ends import panns_log_mel, vggish_log_mel, vggish_patches
from metrics.embedders.mel_filters import htk_filters, slaney_filters
from tests.metrics.sounds import noise, tone


@pytest.mark.parametrize(("rate_hz", "fft", "high_hz"), [(16000, 512, 8000), (32000, 1024, 14000)])
def test_slaney_filters_equal_librosas(rate_hz, fft, high_hz):
    expected = librosa.filters.mel(sr=rate_hz, n_fft=fft, n_mels=64, fmin=50, fmax=high_hz, dtype=np.float64)
    np.testing.assert_allclose(slaney_filters(fft // 2 + 1, rate_hz, 64, 50, high_hz).T, expected, atol=1e-12)


def test_htk_filters_are_triangles_in_mel_without_the_bin_at_zero():
    filters = htk_filters(257, 16000, 64, 125, 7500)
    edges = np.linspace(*(1127 * np.log(1 + hz / 700) for hz in (125, 7500)), 66)
    for band, bin_number in ((0, 5), (20, 40), (63, 236)):
        mel = 1127 * np.log(1 + bin_number * 8000 / 256 / 700)
        low, centre, high = edges[band : band + 3]
        expected = max(0, min((mel - low) / (centre - low), (high - mel) / (high - centre)))
        assert filters[bin_number, band] == pytest.approx(expected, abs=1e-12)
    assert not filters[0].any()


@pytest.mark.parametrize("rate_hz", [16000, 32000])
def test_panns_log_mel_equals_librosas(rate_hz):
    fft, hop, high_hz = {16000: (512, 160, 8000), 32000: (1024, 320, 14000)}[rate_hz]
    audio = noise(1) + tone(440)
    power = librosa.feature.melspectrogram(
        y=audio.astype(np.float64),
        sr=rate_hz,
        n_fft=fft,
        hop_length=hop,
        n_mels=64,
        fmin=50,
        fmax=high_hz,
        pad_mode="reflect",
    )
    expected = librosa.power_to_db(power, amin=1e-10, top_db=None).T
    np.testing.assert_allclose(panns_log_mel(audio, rate_hz), expected, atol=1e-5)


def test_vggish_log_mel_equals_a_loop_over_frames():
    audio = noise(2).astype(np.float64)
    window = scipy.signal.get_window("hann", 400, fftbins=True)
    filters = htk_filters(257, 16000, 64, 125, 7500)
    frames = vggish_log_mel(audio)
    assert frames.shape == (98, 64)
    for number in (0, 50, 97):
        spectrum = np.abs(np.fft.rfft(audio[160 * number :][:400] * window, 512))
        np.testing.assert_allclose(frames[number], np.log(spectrum @ filters + 0.01), atol=1e-12)


def test_patches_do_not_overlap_and_the_tail_is_dropped():
    audio = noise(3, seconds=2.5)
    patches = vggish_patches(audio)
    assert patches.shape == (2, 96, 64)
    np.testing.assert_array_equal(patches.reshape(-1, 64), vggish_log_mel(audio)[:192])


def test_a_clip_too_short_for_one_patch_is_padded_and_a_silent_one_is_constant():
    assert vggish_patches(noise(4, seconds=0.5)).shape == (1, 96, 64)
    np.testing.assert_allclose(vggish_patches(np.zeros(16000)), np.log(0.01), atol=1e-12)


def test_panns_pads_to_the_frames_its_network_needs():
    assert panns_log_mel(noise(5, seconds=0.1)).shape == (32, 64)
