import numpy as np
import pytest
from PIL import Image

from spectrogram.codec import SpectrogramCodec
from spectrogram.codec.mel import centres_hz
from spectrogram.codec.pixels import quantise
from spectrogram.params import KEY, SpectrogramParams
from spectrogram.problems import PictureProblem, SoundProblem

MINI, SD15 = SpectrogramParams.preset("mini"), SpectrogramParams.preset("sd15")
SMALL = SD15.replace(columns=96)


def seconds(params):
    return np.arange(params.clip_samples) / params.sample_rate_hz


def sine(params, hertz, amplitude=0.5):
    return (amplitude * np.sin(2 * np.pi * hertz * seconds(params)))[None].astype(np.float32)


def level_db(audio):
    return 10 * np.log10(np.mean(np.square(audio)) + 1e-20)


def strongest_hz(audio, rate_hz):
    """Frequency of the strongest spectral line, by a parabola through a Hann-windowed periodogram's log peak."""
    part = audio[len(audio) // 4 : -len(audio) // 4]
    size = 1 << 20
    power = np.log(np.abs(np.fft.rfft(part * np.hanning(len(part)), size)) + 1e-12)
    peak = int(np.argmax(power))
    left, middle, right = power[peak - 1 : peak + 2]
    return (peak + 0.5 * (left - right) / (left - 2 * middle + right)) * rate_hz / size


@pytest.mark.parametrize("params", [MINI, SMALL], ids=["mini", "sd15"])
def test_a_picture_has_the_promised_size_mode_and_parameters(params):
    image = SpectrogramCodec(params).encode(sine(params, 1000), params.sample_rate_hz)
    assert (image.size, image.mode) == ((params.columns, params.mel_bands), "RGB")
    assert SpectrogramParams.from_json(image.info[KEY]) == params
    planes = np.asarray(image)
    assert np.array_equal(planes[..., 0], planes[..., 1])


def test_a_sine_lights_the_row_of_its_frequency_and_white_is_full_scale():
    picture = np.asarray(SpectrogramCodec(MINI).encode(sine(MINI, 110, 1.0), 24000))[..., 0]
    row = int(np.argmax(picture[:, 128]))
    assert abs(centres_hz(MINI)[::-1][row] - 110) < 20
    assert 240 <= picture[row, 128] <= 255


def test_ten_decibels_are_as_many_steps_at_any_loudness():
    codec = SpectrogramCodec(MINI)
    peaks = [float(np.asarray(codec.encode(sine(MINI, 440, 10 ** (-db / 20)), 24000)).max()) for db in (6, 16, 26, 46)]
    assert np.diff(peaks) == pytest.approx([-255 / 12, -255 / 12, -255 / 6], abs=1)


def test_silence_is_black_and_comes_back_silent():
    image = SpectrogramCodec(MINI).encode(np.zeros((1, 5000), np.float32), 24000)
    audio, _ = SpectrogramCodec(MINI).decode(image)
    assert not np.asarray(image).any()
    assert np.abs(audio).max() < 1e-6


def test_short_audio_is_padded_with_silence_and_long_audio_cut():
    short = np.asarray(SpectrogramCodec(MINI).encode(sine(MINI, 500)[:, :24000], 24000))
    long = np.asarray(SpectrogramCodec(MINI).encode(np.tile(sine(MINI, 500), 2), 24000))
    assert not short[:, 60:].any()
    assert long.shape == (128, 256, 3)
    assert long[:, -5:].max() > 200


@pytest.mark.parametrize("hertz", [440.0, 1000.0, 2093.0, 3520.0, 7300.0])
def test_decode_keeps_the_pitch_of_a_sine_to_a_cent(hertz):
    audio, rate_hz = SpectrogramCodec(SD15).decode(SpectrogramCodec(SD15).encode(sine(SD15, hertz), 40000))
    assert abs(1200 * np.log2(strongest_hz(audio[0], rate_hz) / hertz)) < 1


@pytest.mark.parametrize("hertz", [110.0, 220.0])
def test_decode_keeps_a_low_pitch_to_a_third_of_a_hertz(hertz):
    audio, rate_hz = SpectrogramCodec(SD15).decode(SpectrogramCodec(SD15).encode(sine(SD15, hertz), 40000))
    assert abs(strongest_hz(audio[0], rate_hz) - hertz) < 0.33


def test_decode_keeps_the_time_of_a_click_to_a_millisecond():
    click = np.zeros((1, SMALL.clip_samples), np.float32)
    click[0, 17000] = 0.9
    audio, _ = SpectrogramCodec(SMALL).decode(SpectrogramCodec(SMALL).encode(click, 40000))
    assert abs(int(np.argmax(np.abs(audio[0]))) - 17000) <= 40


@pytest.mark.parametrize("gain", [1.0, 0.1, 0.003])
def test_decode_keeps_the_level_of_noise_to_a_quarter_decibel(gain):
    audio = gain * np.random.default_rng(0).normal(0, 0.2, (1, SMALL.clip_samples)).astype(np.float32)
    codec = SpectrogramCodec(SMALL)
    again, _ = codec.decode(codec.encode(audio, 40000))
    assert level_db(again) == pytest.approx(level_db(audio), abs=0.25)


def test_decode_repeats_for_a_seed():
    codec = SpectrogramCodec(SMALL)
    image = codec.encode(np.random.default_rng(0).normal(0, 1e-3, (1, SMALL.clip_samples)).astype(np.float32), 40000)
    assert np.array_equal(codec.decode(image, 3)[0], codec.decode(image, 3)[0])


def test_the_picture_of_the_decoded_sound_resembles_the_picture():
    codec = SpectrogramCodec(MINI)
    rng = np.random.default_rng(0)
    envelope = np.abs(np.sin(2 * np.pi * 1.5 * seconds(MINI)))
    audio = (envelope * rng.normal(0, 0.1, MINI.clip_samples) + sine(MINI, 1700, 0.1)[0]).astype(np.float32)[None]
    image = codec.encode(audio, 24000)
    again = codec.encode(*codec.decode(image))
    error = np.asarray(again, float) - np.asarray(image, float)
    assert 10 * np.log10(255**2 / np.mean(error**2)) > 33


def test_any_width_is_decoded_at_its_own_duration():
    audio, _ = SpectrogramCodec(MINI).decode(Image.new("RGB", (77, 128), (90, 90, 90)))
    assert audio.shape == (1, 77 * 480)
    assert np.isfinite(audio).all()


def test_floats_bytes_and_pictures_decode_alike():
    codec = SpectrogramCodec(SMALL)
    image = codec.encode(sine(SMALL, 700), 40000)
    values = np.asarray(image)
    expected, _ = codec.decode(image)
    np.testing.assert_allclose(codec.decode(values)[0], expected, atol=1e-4)
    np.testing.assert_allclose(codec.decode(values.astype(np.float32) / 255)[0], expected, atol=1e-2)


@pytest.mark.parametrize("name", ["sd15-fine", "sd15-10s", "linear", "log"])
def test_other_layouts_and_scales_return_the_sound(name):
    params = SpectrogramParams.preset(name).replace(columns=64)
    chirp = 0.3 * np.sin(2 * np.pi * (400 * seconds(params) + 900 * seconds(params) ** 2))
    codec = SpectrogramCodec(params)
    image = codec.encode(chirp[None].astype(np.float32), params.sample_rate_hz)
    audio, _ = codec.decode(image)
    error = np.asarray(codec.encode(audio, params.sample_rate_hz), float) - np.asarray(image, float)
    assert image.size == (64, 512)
    assert level_db(audio) == pytest.approx(level_db(chirp), abs=0.3)
    assert np.mean(np.abs(error) < 12) > 0.9


def test_stereo_keeps_each_side_and_the_width():
    params = SpectrogramParams.preset("sd15-stereo").replace(columns=96)
    rng = np.random.default_rng(0)
    mid, side = (rng.normal(0, size, params.clip_samples) for size in (0.1, 0.03))
    audio = np.stack([mid + side, 0.5 * mid - side]).astype(np.float32)
    again, _ = SpectrogramCodec(params).decode(SpectrogramCodec(params).encode(audio, 40000))
    for sound, heard in ((audio[0], again[0]), (audio[1], again[1]), (audio[0] - audio[1], again[0] - again[1])):
        assert level_db(heard) == pytest.approx(level_db(sound), abs=1.0)


def test_a_mono_sound_in_a_stereo_picture_is_grey():
    params = SpectrogramParams.preset("sd15-stereo").replace(columns=32)
    planes = np.asarray(SpectrogramCodec(params).encode(sine(params, 900), 40000))
    assert np.array_equal(planes[..., 0], planes[..., 1])
    assert np.array_equal(planes[..., 1], planes[..., 2])


def test_the_riffusion_preset_makes_riffusion_s_pictures_to_one_level():
    import torch
    import torchaudio

    params = SpectrogramParams.preset("riffusion").replace(columns=64)
    rng = np.random.default_rng(0)
    audio = np.round(8000 * rng.normal(size=(1, params.clip_samples)) * np.linspace(0, 1, params.clip_samples))
    audio = audio.clip(-32768, 32767).astype(np.float32)
    transform = torchaudio.transforms.Spectrogram(17640, 4410, 441, power=None)
    bands = torchaudio.transforms.MelScale(512, 44100, 0, 10000, 8821, norm=None, mel_scale="htk")
    sizes = bands(transform(torch.from_numpy(audio)).abs())[0].numpy()
    theirs = (255 - 255 * (sizes / sizes.max()) ** 0.25).astype(np.uint8)[::-1]
    ours = np.asarray(SpectrogramCodec(params).encode(audio / 32768, 44100))[..., 0]
    assert np.abs(ours.astype(int) - theirs.astype(int)).max() <= 1


def test_rounding_carries_its_rest_along_a_band_and_leaves_silence_black():
    levels = np.full((1, 512, 512), 10 ** (-33.21 / 20), np.float32)
    levels[:, 100:200, 64:] = 0
    shades = quantise(levels, SD15).astype(float)
    exact = 255 * (1 - 33.21 / SD15.range_db)
    assert np.abs(shades[:, :100] - exact).max() <= 1
    assert np.abs(shades[:, :100].mean(axis=2) - exact).max() < 0.5 / 512 + 1e-3
    assert (shades[:, 100:200, 64:] == 0).all()


def test_batches_equal_single_calls_in_order():
    codec = SpectrogramCodec(SMALL)
    sounds = [sine(SMALL, hertz) for hertz in (300, 600, 1200)]
    images = codec.encode_batch(sounds, 40000)
    assert [image.tobytes() for image in images] == [codec.encode(sound, 40000).tobytes() for sound in sounds]
    heard = codec.decode_batch(images, seed=5)
    for index, audio in enumerate(heard):
        assert np.array_equal(audio, codec.decode(images[index], 5 + index)[0])


def test_unusable_inputs_are_named():
    codec = SpectrogramCodec(MINI)
    with pytest.raises(SoundProblem, match="The sample rate is 0"):
        codec.encode(sine(MINI, 100), 0)
    with pytest.raises(SoundProblem, match="not a number at sample 3"):
        codec.encode(np.array([[0, 0, 0, np.nan]], np.float32), 24000)
    with pytest.raises(PictureProblem, match="The picture is an array"):
        codec.decode(np.zeros((4, 4, 7)))
    with pytest.raises(PictureProblem, match="finite floats"):
        codec.decode(np.full((128, 16), np.nan))
