"""Any sound goes in, a sound of the right length and level comes out."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from spectrogram.codec import SpectrogramCodec
from spectrogram.params import SpectrogramParams

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
    gain_db=st.floats(-50, -8),
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
