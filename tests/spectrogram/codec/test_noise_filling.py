"""Smooth areas of a picture become noise again, lines and clean pictures stay what they are."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from spectrogram.codec import SpectrogramCodec
from spectrogram.codec.noise_filling import noise_share, white_noise
from spectrogram.codec.pixels import read_planes
from spectrogram.params import SpectrogramParams

PARAMS = SpectrogramParams(
    sample_rate_hz=24000, step_ms=20.0, window_ms=40.0, mel_bands=128, low_hz=0.0, high_hz=12000.0, columns=256
)
CODEC = SpectrogramCodec(PARAMS)
TIMES_S = np.arange(PARAMS.clip_samples) / PARAMS.sample_rate_hz
NOISE = 0.1 * white_noise(PARAMS.clip_samples, 5)
TONE = (0.3 * np.sin(2 * np.pi * 3000 * TIMES_S)).astype(np.float32)


def smoothed(audio):
    """The picture of a sound as a VAE leaves it: without grain, a little restless."""
    picture = np.asarray(CODEC.encode(audio[None], PARAMS.sample_rate_hz)).astype(np.float32)
    smooth = gaussian_filter(picture, (2, 2, 0))
    unrest = np.random.default_rng(0).normal(0, 2, (*picture.shape[:2], 1))
    return np.clip(np.rint(smooth + gaussian_filter(unrest, (1, 0.4, 0))), 0, 255).astype(np.uint8)


def share_of(picture):
    return noise_share(read_planes(picture, PARAMS)[0], PARAMS)


def flatness(audio):
    """How much the spectrum of the sound rises and falls from frame to frame: 1 for noise, less for a chord."""
    frames = np.abs(np.fft.rfft(audio[: len(audio) // 480 * 480].reshape(-1, 480) * np.hanning(480)))[:, 20:200]
    return np.std(np.log(frames + 1e-9), axis=0).mean() / 0.64


def test_a_smooth_picture_of_noise_wants_to_be_noise():
    assert share_of(smoothed(NOISE)).mean() > 0.8


CLEAN = {"noise": NOISE, "tone": TONE, "both": NOISE + TONE, "none": np.zeros_like(NOISE)}


@pytest.mark.parametrize("audio", CLEAN.values(), ids=CLEAN)
def test_a_clean_picture_is_decoded_to_the_very_same_sound_as_without_filling(audio):
    picture = CODEC.encode(audio[None], PARAMS.sample_rate_hz)
    plain = SpectrogramCodec(PARAMS, restore=False)
    assert np.array_equal(CODEC.decode(picture)[0], plain.decode(picture)[0])


def test_a_clean_picture_of_noise_is_known_without_its_text():
    assert share_of(np.asarray(CODEC.encode(NOISE[None], PARAMS.sample_rate_hz))) is None


def test_a_line_over_noise_stays_a_line():
    picture = smoothed(NOISE)
    row = 128 - int(np.argmin(np.abs(np.arange(128) - 60)))
    picture[row - 1 : row + 2] = 230
    share = share_of(picture)
    assert share[128 - row - 1].mean() < 0.2
    assert share.mean() > 0.6


def test_filled_noise_has_the_grain_of_noise_and_its_level():
    picture = smoothed(NOISE)
    filled = CODEC.decode(picture)[0][0]
    plain = SpectrogramCodec(PARAMS, restore=False).decode(picture)[0][0]
    assert flatness(filled) > 0.93
    assert flatness(plain) < flatness(filled)
    assert 20 * np.log10(np.std(filled) / np.std(NOISE)) == pytest.approx(0, abs=2)


def test_the_seed_draws_the_noise():
    picture = smoothed(NOISE)
    one, same, other = (CODEC.decode(picture, seed)[0] for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.allclose(one, other)


def test_tiny_and_silent_pictures_have_no_share():
    assert noise_share(np.ones((4, 4), np.float32), PARAMS) is None
    assert share_of(np.zeros((128, 256, 3), np.uint8)) is None
