import numpy as np
import pytest

from spectrogram.codec import SpectrogramCodec
from spectrogram.codec.mel import filterbank
from spectrogram.codec.pixels import read_planes
from spectrogram.codec.reconstruct import spread_with_tones
from spectrogram.codec.stft import stft
from spectrogram.codec.tones import lay_tones, take_tones, window_line
from spectrogram.params import SpectrogramParams

SD15 = SpectrogramParams.preset("sd15").replace(columns=64)
SECONDS = np.arange(SD15.clip_samples) / SD15.sample_rate_hz
BIN_HZ = SD15.sample_rate_hz / SD15.fft_samples


def read_back(audio):
    """Band levels (bands, frames) of the audio's 8-bit picture."""
    codec = SpectrogramCodec(SD15)
    return read_planes(codec.encode(audio[None].astype(np.float32), SD15.sample_rate_hz), SD15)[0]


def sine(hertz, amplitude):
    return amplitude * np.sin(2 * np.pi * hertz * SECONDS)


@pytest.mark.parametrize(("hertz", "amplitude"), [(150, 0.9), (1234.5, 0.3), (7311, 0.05), (18000, 0.01)])
def test_frequency_and_amplitude_of_a_sine_are_read_off_its_rounded_bands(hertz, amplitude):
    _, tones = take_tones(read_back(sine(hertz, amplitude)), SD15)
    steady = tones[(tones[:, 0] > 4) & (tones[:, 0] < 59)]
    assert len(steady) == 54
    np.testing.assert_allclose(steady[:, 1] * BIN_HZ, hertz, atol=max(0.25, 2e-4 * hertz))
    np.testing.assert_allclose(20 * np.log10(steady[:, 2] / amplitude), 0, atol=0.3)


def test_two_tones_far_apart_are_both_taken_and_leave_nothing_behind():
    levels = read_back(sine(700, 0.3) + sine(5000, 0.1))
    rest, tones = take_tones(levels, SD15)
    found_hz = np.sort(tones[tones[:, 0] == 30, 1]) * BIN_HZ
    np.testing.assert_allclose(found_hz, [700, 5000], atol=1)
    assert rest[:, 30].max() < 0.02 * levels[:, 30].max()


@pytest.mark.parametrize("sound", ["noise", "chord", "click", "silence"])
def test_what_is_no_lone_steady_tone_is_left_as_it_is(sound):
    click = np.zeros(len(SECONDS))
    click[12000] = 0.9
    sounds = {
        "noise": np.random.default_rng(0).normal(0, 0.1, len(SECONDS)),
        "chord": sine(1000, 0.2) + sine(1045, 0.2),
        "click": click,
        "silence": np.zeros(len(SECONDS)),
    }
    levels = read_back(sounds[sound])
    rest, tones = take_tones(levels, SD15)
    assert len(tones) == 0
    assert np.array_equal(rest, levels)


def test_a_laid_line_is_the_spectrum_of_the_sine():
    spectrum = np.abs(stft(sine(3333, 0.5).astype(np.float32), SD15, 64))
    laid = np.zeros_like(spectrum)
    lay_tones(laid, np.array([[30, 3333 / BIN_HZ, 0.5]], np.float32), SD15)
    np.testing.assert_allclose(laid[30], spectrum[30], atol=5e-4)
    assert not laid[:30].any()
    assert window_line(SD15.window_samples, SD15.fft_samples)[0] == pytest.approx(1, abs=1e-4)


def test_bins_with_their_tones_have_the_picture_s_bands():
    levels = read_back(sine(2500, 0.3) + np.random.default_rng(0).normal(0, 1e-4, len(SECONDS)))
    heard = filterbank(SD15) @ spread_with_tones(levels, SD15).T
    loud = levels[:, 30] > 0.03 * levels[:, 30].max()
    ratios = (heard[loud, 20:40] / levels[loud, 20:40]).mean(axis=1)
    np.testing.assert_allclose(20 * np.log10(ratios), 0, atol=0.3)
