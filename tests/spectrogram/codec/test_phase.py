import numpy as np
import pytest
import scipy.signal

from spectrogram.codec.phase import impose_magnitude, integrate_phase, with_phase
from spectrogram.codec.reconstruct import guess_spectrum, refine_time, synthesise
from spectrogram.codec.stft import istft, stft
from spectrogram.params import SpectrogramParams

PARAMS = SpectrogramParams.preset("sd15").replace(columns=64)
SAMPLES = PARAMS.clip_samples
SECONDS = np.arange(SAMPLES) / PARAMS.sample_rate_hz


def convergence(audio, again):
    """Spectral convergence of two sounds' magnitudes (0 is equal), by scipy's transform as an independent judge."""
    sizes = [np.abs(scipy.signal.stft(sound, nperseg=1024, noverlap=768)[2]) for sound in (audio, again)]
    return np.linalg.norm(sizes[0] - sizes[1]) / np.linalg.norm(sizes[0])


def test_the_transform_and_its_inverse_cancel():
    audio = np.random.default_rng(0).normal(0, 0.1, SAMPLES).astype(np.float32)
    np.testing.assert_allclose(istft(stft(audio, PARAMS, 64), PARAMS, SAMPLES), audio, atol=1e-5)


def test_a_full_scale_sine_on_a_bin_has_magnitude_one():
    spectrum = stft(np.sin(2 * np.pi * 1000 * SECONDS).astype(np.float32), PARAMS, 64)
    assert np.abs(spectrum[32, 50]) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("kind", ["sines", "chirp", "clicks"])
def test_phase_from_exact_magnitudes_beats_random_phase_by_far(kind):
    clicks = np.zeros(SAMPLES)
    clicks[[5000, 12345, 20000]] = 1
    sounds = {
        "sines": np.sin(2 * np.pi * 1000 * SECONDS) + 0.5 * np.sin(2 * np.pi * 3210.7 * SECONDS),
        "chirp": scipy.signal.chirp(SECONDS, 300, SECONDS[-1], 6000),
        "clicks": clicks,
    }
    audio = (0.5 * sounds[kind]).astype(np.float32)
    magnitude = np.abs(stft(audio, PARAMS, 64))
    guessed = convergence(audio, istft(guess_spectrum(magnitude, PARAMS, 0), PARAMS, SAMPLES))
    angles = np.random.default_rng(1).uniform(0, 2 * np.pi, magnitude.shape)
    random = convergence(audio, istft((magnitude * np.exp(1j * angles)).astype(np.complex64), PARAMS, SAMPLES))
    assert guessed < 0.15
    assert guessed < random / 2


def test_phases_repeat_for_a_seed_and_differ_between_seeds():
    logs = np.log(np.abs(np.random.default_rng(0).normal(size=(20, 101))) + 1e-3).astype(np.float32)
    first, again, other = (integrate_phase(logs, 50, 200, 200, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_table_phases_are_within_a_tenth_of_a_degree():
    turns = np.random.default_rng(0).integers(0, 1 << 32, (8, 500), dtype=np.uint32)
    spectrum = with_phase(np.ones(turns.shape, np.float32), turns)
    exact = np.exp(2j * np.pi * turns / 2**32)
    assert np.abs(np.angle(spectrum / exact, deg=True)).max() < 0.1


def test_imposing_magnitude_keeps_the_estimate_s_phase():
    rng = np.random.default_rng(0)
    estimate = (rng.normal(size=(5, 7)) + 1j * rng.normal(size=(5, 7))).astype(np.complex64)
    magnitude = rng.uniform(0.1, 1, (5, 7)).astype(np.float32)
    imposed = estimate.copy()
    impose_magnitude(magnitude, imposed, np.zeros_like(estimate), np.float32(0))
    np.testing.assert_allclose(imposed, magnitude * estimate / np.abs(estimate), rtol=1e-4)


def test_finer_time_keeps_every_frame_of_the_picture():
    params = SpectrogramParams.preset("mini")
    levels = np.random.default_rng(0).uniform(0.01, 1, (128, 32)).astype(np.float32)
    fine_params, fine = refine_time(levels, params)
    factor = params.hop_samples // fine_params.hop_samples
    assert fine.shape == (128, 32 * factor)
    np.testing.assert_allclose(fine[:, factor // 2 :: factor], levels, rtol=1e-4)


def test_silence_stays_silent():
    assert np.abs(synthesise(np.zeros((512, 64), np.float32), PARAMS, 0)).max() < 1e-5
