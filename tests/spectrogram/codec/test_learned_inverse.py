import numpy as np
import pytest

from spectrogram.codec import SpectrogramCodec
from spectrogram.codec.fitting.clips import synthetic_clip
from spectrogram.codec.learned_inverse import FINE, NEIGHBOURS, Weights, fine_magnitude, load_weights, look
from spectrogram.codec.mel import filterbank
from spectrogram.params import SpectrogramParams
from tests.spectrogram.codec.test_codec import strongest_hz

MINI = SpectrogramParams.preset("mini64")


def levels_of_sound(audio):
    return SpectrogramCodec(MINI).levels(audio[None])[0]


def tone(hertz):
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(MINI.clip_samples) / MINI.sample_rate_hz)).astype(np.float32)


def test_mini_has_weights_for_any_width_and_sd15_needs_none():
    assert load_weights(MINI) is not None
    assert load_weights(MINI.replace(columns=999)) is not None
    assert load_weights(SpectrogramParams.preset("sd15")) is None


def test_weights_of_nought_leave_the_level_between_bands():
    level_db = np.full((128, 10), -40.0, np.float32)
    nought = Weights(
        np.zeros((len(NEIGHBOURS) + 1, 4), np.float32), np.zeros((769, len(NEIGHBOURS) + 5, FINE), np.float32)
    )
    magnitude = fine_magnitude(10 ** (level_db / 20), MINI, nought)
    assert magnitude.shape == (10 * FINE, 769)
    np.testing.assert_allclose(magnitude[:, 1:-1], 0.01, rtol=1e-3)


def test_inputs_are_relative_to_the_base_so_that_loudness_does_not_matter():
    level_db = np.random.default_rng(0).uniform(-80, -20, (128, 12)).astype(np.float32)
    inputs, base = look(level_db, MINI)
    louder, base_louder = look(level_db + 10, MINI)
    np.testing.assert_allclose(inputs, louder, atol=1e-5)
    np.testing.assert_allclose(base + 10, base_louder, atol=1e-4)


def test_the_middle_frame_of_each_three_has_the_picture_s_bands():
    levels = levels_of_sound(synthetic_clip(MINI, np.random.default_rng(3)))
    magnitude = fine_magnitude(levels, MINI, load_weights(MINI))
    heard_db, truth_db = (20 * np.log10(np.maximum(x, 1e-5)) for x in (filterbank(MINI) @ magnitude[1::FINE].T, levels))
    loud = truth_db > truth_db.max() - 40
    assert np.abs(heard_db - truth_db)[loud].mean() < 1.0


@pytest.mark.parametrize("hertz", [261.6, 333.3, 523.25, 1000.0])
def test_a_tone_between_bands_keeps_its_pitch_to_two_cents(hertz):
    codec = SpectrogramCodec(MINI)
    audio, rate_hz = codec.decode(codec.encode(tone(hertz)[None], MINI.sample_rate_hz))
    assert abs(1200 * np.log2(strongest_hz(audio[0], rate_hz) / hertz)) < 2


def test_gliding_tones_over_noise_are_nearer_with_the_learned_inverse_than_without():
    unknown = MINI.replace(warp_hz=2000.001)  # the same bands, but no weights
    sounds = [synthetic_clip(MINI, np.random.default_rng(seed)) for seed in range(8, 14)]
    with_, without = (np.mean([distance(audio, params) for audio in sounds]) for params in (MINI, unknown))
    assert with_ < 0.9 * without


def distance(audio, params):
    """Spectral convergence after a round trip."""
    from scipy.signal import stft

    codec = SpectrogramCodec(params)
    heard, _ = codec.decode(codec.encode(audio[None], params.sample_rate_hz))
    sizes = [np.abs(stft(sound, nperseg=2048)[2]) for sound in (audio, heard[0])]
    return np.linalg.norm(sizes[0] - sizes[1]) / np.linalg.norm(sizes[0])
