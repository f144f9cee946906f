"""Any sound goes in, a sound of the right length and level comes out."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from spectrogram.codec import SpectrogramCodec
from spectrogram.params import SpectrogramParams
from tests.spectrogram.codec.test_codec import strongest_hz

PARAMS = {
    name: SpectrogramParams.preset(name).replace(columns=32) for name in ("mini", "sd15", "sd15-fine", "sd15-stereo")
}
slow = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
samples = st.floats(-4, 4, width=32)


@pytest.mark.parametrize("name", PARAMS)
@slow
@given(data=st.data(), rate_hz=st.sampled_from([8000, 11025, 22050, 44100, 48000]))
def test_any_samples_give_a_finite_sound_of_the_promised_length(name, data, rate_hz):
    codec = SpectrogramCodec(PARAMS[name])
    shape = (data.draw(st.integers(1, 3)), data.draw(st.integers(0, 600)))
    audio = data.draw(arrays(np.float32, shape, elements=samples))
    image = codec.encode(audio, rate_hz)
    heard, heard_hz = codec.decode(image)
    assert image.size == (32, codec.params.mel_bands)
    assert heard.shape == (codec.params.channels, codec.params.clip_samples)
    assert heard_hz == codec.params.sample_rate_hz
    assert np.isfinite(heard).all()


@slow
@given(
    gain_db=st.floats(-50, -10),  # at -8 dB the peaks of the noise lie above full scale
    colour=st.floats(0, 0.9),
    seed=st.integers(0, 1000),
    hertz=st.floats(80, 8000),
)
def test_the_level_of_noise_with_a_tone_stays_within_half_a_decibel(gain_db, colour, seed, hertz):
    import scipy.signal

    params = PARAMS["sd15"]
    noise = scipy.signal.lfilter([1], [1, -colour], np.random.default_rng(seed).normal(size=params.clip_samples))
    tone = np.sin(2 * np.pi * hertz * np.arange(params.clip_samples) / params.sample_rate_hz)
    audio = 10 ** (gain_db / 20) * (noise / noise.std() + tone) / 2
    codec = SpectrogramCodec(params)
    heard, _ = codec.decode(codec.encode(audio[None], params.sample_rate_hz))
    inner = slice(2000, -2000)
    change_db = 10 * np.log10(np.mean(heard[0, inner] ** 2) / np.mean(audio[inner] ** 2))
    assert abs(change_db) < 0.5


@slow
@given(picture=arrays(np.uint8, (64, 20, 3)), name=st.sampled_from(sorted(PARAMS)))
def test_any_picture_is_a_finite_sound(picture, name):
    heard, _ = SpectrogramCodec(PARAMS[name]).decode(picture)
    assert np.isfinite(heard).all()


@settings(slow, max_examples=100)
@given(hertz=st.floats(110, 19000), amplitude=st.floats(0.01, 0.9), turn=st.floats(0, 1))
def test_the_pitch_of_any_sine_comes_back_to_a_cent(hertz, amplitude, turn):
    # At 110 Hz a cent is .06 Hz: 1.0836 cents were found there, by amplitude .64 and a phase of .64 turns.
    assert abs(cents_moved("sd15", hertz, amplitude, turn)) < (1 if hertz > 120 else 1.1)


@settings(slow, max_examples=50)
@given(octaves=st.floats(0, 3), amplitude=st.floats(0.01, 0.9), turn=st.floats(0, 1))
def test_the_pitch_of_a_low_sine_comes_back_to_a_cent(octaves, amplitude, turn):
    assert abs(cents_moved("sd15", 110 * 2**octaves, amplitude, turn)) < 1


@slow
@given(hertz=st.floats(60, 110), amplitude=st.floats(0.01, 0.9), turn=st.floats(0, 1))
def test_the_pitch_of_a_very_low_sine_comes_back_to_a_sixth_of_a_hertz(hertz, amplitude, turn):
    assert abs(hertz * (2 ** (cents_moved("sd15", hertz, amplitude, turn) / 1200) - 1)) < 1 / 6


@pytest.mark.parametrize("name", ["mini", "sd15-fine", "sd15-10s", "sd15-stereo", "linear", "log"])
@slow
@given(hertz=st.floats(1000, 11500), amplitude=st.floats(0.01, 0.9), turn=st.floats(0, 1))
def test_other_pictures_keep_the_pitch_of_a_sine_to_a_cent(name, hertz, amplitude, turn):
    assert abs(cents_moved(name, hertz, amplitude, turn)) < 1


def cents_moved(name, hertz, amplitude, turn):
    """Cents between a sine of about a second and what comes back of it."""
    params = SpectrogramParams.preset(name)
    params = params.replace(columns=round(960 / params.step_ms / params.frames_per_column))
    seconds = np.arange(params.clip_samples) / params.sample_rate_hz
    audio = (amplitude * np.sin(2 * np.pi * (hertz * seconds + turn)))[None].astype(np.float32)
    codec = SpectrogramCodec(params)
    heard, rate_hz = codec.decode(codec.encode(np.repeat(audio, params.channels, axis=0), params.sample_rate_hz))
    return 1200 * np.log2(strongest_hz(heard[0], rate_hz) / hertz)


@slow
@given(place=st.integers(1500, 11000), amplitude=st.floats(0.05, 0.9), sign=st.sampled_from([-1, 1]))
def test_the_time_of_any_click_comes_back_to_a_millisecond(place, amplitude, sign):
    params = PARAMS["sd15"]
    audio = np.zeros((1, params.clip_samples), np.float32)
    audio[0, place] = sign * amplitude
    codec = SpectrogramCodec(params)
    heard, rate_hz = codec.decode(codec.encode(audio, params.sample_rate_hz))
    energy = heard[0].astype(float) ** 2
    centre = np.sum(energy * np.arange(energy.size)) / energy.sum()
    assert abs(int(np.argmax(energy)) - place) <= rate_hz / 1000
    assert abs(centre - place) <= rate_hz / 1000


@pytest.mark.parametrize("name", PARAMS)
def test_silence_comes_back_silent(name):
    codec = SpectrogramCodec(PARAMS[name])
    heard, _ = codec.decode(codec.encode(np.zeros((1, 30000), np.float32), 44100))
    assert np.abs(heard).max() < 1e-6
