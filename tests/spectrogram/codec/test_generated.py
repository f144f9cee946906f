"""Pictures that no sound has exactly: the decoder for the pictures of others."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from spectrogram.codec import SpectrogramCodec
from spectrogram.codec.generated import PART, samples_of, working_grid
from spectrogram.codec.hills import follow_hills
from spectrogram.codec.phase import with_phase
from spectrogram.codec.stft import istft, stft
from spectrogram.params import PRESETS


def painted(params, seed: int = 0) -> np.ndarray:
    """Bytes of a blurred picture of chirps in noise: no sound has exactly such a one."""
    rng = np.random.default_rng(seed)
    seconds = np.arange(params.clip_samples) / params.sample_rate_hz
    chirps = sum(np.sin(2 * np.pi * (base + 400 * seconds) * seconds) for base in (300, 900, 2500))
    sound = 0.1 * chirps + 0.02 * rng.normal(size=len(seconds))
    picture = SpectrogramCodec(params).encode(sound.astype(np.float32)[None], params.sample_rate_hz)
    blurred = gaussian_filter(np.asarray(picture, dtype=np.float64)[..., 0], 1.5)
    return np.repeat(np.rint(blurred).astype(np.uint8)[..., None], 3, axis=2)


def misfit(params, picture: np.ndarray, fits: int) -> float:
    """RMS difference, in levels, between the picture and its sound's own, at the loudness that suits best."""
    audio, rate_hz = SpectrogramCodec(params, fits=fits).decode(picture)
    again = np.asarray(SpectrogramCodec(params).encode(audio, rate_hz), dtype=np.float64)[..., 0]
    wanted, heard = 255.0 - picture[:, : again.shape[1], 0], 255 - again[:, : picture.shape[1]]
    gain = np.sum(wanted * heard) / np.sum(heard * heard)
    return float(np.sqrt(np.mean((gain * heard - wanted) ** 2)))


@pytest.mark.parametrize("name", ["dissertation", "riffusion"])
def test_more_fits_bring_the_sound_nearer_to_the_picture(name):
    params = PRESETS[name].replace(columns=128)
    picture = painted(params)
    once, often = misfit(params, picture, 1), misfit(params, picture, 8)
    assert often < 0.75 * once


@pytest.mark.parametrize("name", ["dissertation", "riffusion", "audio-diffusion"])
def test_working_grid_is_the_same_picture_at_the_lowest_rate(name):
    params = PRESETS[name].replace(padded_ms=None)
    grid = working_grid(params)
    assert grid.sample_rate_hz >= 2 * grid.high_hz
    assert grid.sample_rate_hz <= params.sample_rate_hz
    assert grid.hop_samples % PART == 0
    assert grid.window_samples % PART == 0
    assert grid.window_samples / grid.hop_samples == pytest.approx(params.window_samples / params.hop_samples, rel=2e-3)
    seconds = samples_of(np.zeros((1, 100)), grid) / grid.sample_rate_hz
    assert seconds == pytest.approx(samples_of(np.zeros((1, 100)), params) / params.sample_rate_hz, rel=1e-4)


def test_hills_make_a_spectrum_that_a_sound_has():
    params = PRESETS["sd15"]
    samples = 128 * params.hop_samples
    seconds = np.arange(samples) / params.sample_rate_hz
    audio = (0.4 * np.sin(2 * np.pi * (300 + 900 * seconds) * seconds)).astype(np.float32)
    magnitude = np.abs(stft(audio, params, 128))

    def inconsistency(phase):
        spectrum = with_phase(magnitude, phase)
        heard = np.abs(stft(istft(spectrum, params, samples), params, 128))
        return np.linalg.norm(heard - magnitude) / np.linalg.norm(magnitude)

    drawn = np.random.default_rng(0).integers(0, 1 << 32, magnitude.shape, dtype=np.uint32)
    logs = np.log(np.maximum(magnitude, 1e-7))
    assert inconsistency(follow_hills(logs, params, 0)) < 0.4 * inconsistency(drawn)


def test_one_column_and_silence_are_sounds_too():
    for columns, shade in ((1, 128), (2, 255), (16, 255)):
        picture = np.full((512, columns, 3), shade, np.uint8)
        audio, _ = SpectrogramCodec(PRESETS["riffusion"].replace(columns=columns)).decode(picture)
        assert audio.shape == (1, (columns - 1) * 441)
        assert np.isfinite(audio).all()
