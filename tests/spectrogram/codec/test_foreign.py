"""Pictures of other projects, as their programs write them, are recognised, heard, and what was assumed is said."""

import json

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from spectrogram.codec import SpectrogramCodec
from spectrogram.codec.foreign import recognise
from spectrogram.files.pictures import read_picture, write_picture
from spectrogram.params import KEY, SpectrogramParams
from spectrogram.problems import PictureProblem

RIFFUSION = SpectrogramParams.preset("riffusion")
WEBUI = "<lora:5e4-full-75epoch:1> a calm forest\nSteps: 20, Seed: 1, Size: 512x512, Model: v1-5-pruned-emaonly"


def light_picture(size=(96, 512)):
    """A tone and its overtone as dark lines on white, with a little noise, as riffusion paints them."""
    values = 235 + np.random.default_rng(0).integers(0, 20, (size[1], size[0]))
    values[size[1] * 3 // 4] = 10
    values[size[1] // 2] = 60
    return Image.fromarray(values.astype(np.uint8)).convert("RGB")


def saved(tmp_path, image, suffix="png", **options):
    path = tmp_path / f"picture.{suffix}"
    image.save(path, **options)
    return read_picture(path)


def riffusion_exif(image, **changes):
    exif = image.getexif()
    tags = {11000: 44100, 11005: 0, 11010: 10, 11020: 100, 11030: 400, 11040: 512, 11050: 0, 11060: 10000, 11070: 0.25}
    exif.update({**tags, **{int(tag): value for tag, value in changes.items()}})
    return exif


def test_our_own_picture_needs_no_assumption(tmp_path):
    params = SpectrogramParams.preset("mini")
    image = SpectrogramCodec(params).encode(np.zeros((1, 100), np.float32), 24000)
    assert recognise(read_picture(write_picture(tmp_path / "own.png", image))) == (params, [])


def test_riffusion_s_exif_gives_its_parameters_and_loudness(tmp_path):
    image = light_picture()
    image = saved(tmp_path, image, exif=riffusion_exif(image, **{"11080": 3.0e7}))
    params, assumed = recognise(image)
    assert assumed == []
    assert params == RIFFUSION.replace(columns=96, peak=params.peak)
    assert params.peak == pytest.approx(3.0e7 / (32768 * 4410 / 4))


def test_riffusion_s_stereo_and_triple_pictures_are_read(tmp_path):
    image = light_picture()
    stereo, _ = recognise(saved(tmp_path, image, exif=riffusion_exif(image, **{"11005": 1})))
    triple, _ = recognise(saved(tmp_path, image, exif=riffusion_exif(image, **{"11007": 1, "11040": 1536})))
    assert stereo.layout == "left_right"
    assert (triple.layout, triple.mel_bands, triple.bands) == ("bands", 512, 1536)
    assert SpectrogramCodec(stereo).decode(image)[0].shape == (2, 95 * 441)


def test_texts_of_interfaces_lead_to_a_format_and_say_so(tmp_path):
    info = PngInfo()
    info.add_text("parameters", WEBUI)
    params, assumed = recognise(saved(tmp_path, light_picture(), pnginfo=info))
    assert params == SpectrogramParams.preset("dissertation").replace(columns=96)
    assert assumed[0].startswith("read as `dissertation` (its text names a LoRA of v1-5")
    info = PngInfo()
    info.add_text("prompt", json.dumps({"4": {"inputs": {"ckpt_name": "riffusion-model-v1.ckpt"}}}))
    params, assumed = recognise(saved(tmp_path, light_picture(), pnginfo=info))
    assert params == RIFFUSION.replace(columns=96)
    assert "its text names riffusion" in assumed[0]


def test_a_dark_riffusion_picture_is_taken_as_inverted(tmp_path):
    info = PngInfo()
    info.add_text("parameters", "riffusion")
    dark = Image.eval(light_picture(), lambda value: 255 - value)
    params, assumed = recognise(saved(tmp_path, dark, pnginfo=info))
    assert params.loud_is_white
    assert "mostly dark, so white is taken as loud" in assumed


def test_grey_squares_are_audio_diffusion_s_with_the_lowest_band_on_top(tmp_path):
    params, assumed = recognise(saved(tmp_path, Image.fromarray(np.full((256, 256), 9, np.uint8))))
    assert not params.highest_first
    assert "audio-diffusion" in assumed[0]


def test_audio_diffusion_s_picture_of_a_tone_is_heard_at_its_pitch():
    import librosa

    tone = 0.5 * np.sin(2 * np.pi * 1500 * np.arange(512 * 64) / 22050)
    power = librosa.feature.melspectrogram(y=tone, sr=22050, n_fft=2048, hop_length=512, n_mels=256)
    shades = (np.clip((librosa.power_to_db(power, ref=np.max) + 80) * 255 / 80, 0, 255) + 0.5).astype(np.uint8)
    audio, rate_hz = SpectrogramCodec(SpectrogramParams.preset("audio-diffusion")).decode(Image.fromarray(shades))
    line = np.argmax(np.abs(np.fft.rfft(audio[0] * np.hanning(audio.shape[1]))))
    assert line * rate_hz / audio.shape[1] == pytest.approx(1500, abs=8)


@pytest.mark.parametrize("suffix", ["jpg", "webp", "bmp", "gif", "tif"])
def test_other_file_formats_are_heard_as_the_png_is(tmp_path, suffix):
    codec = SpectrogramCodec(RIFFUSION)
    expected, _ = codec.decode(light_picture())
    heard, _ = codec.decode(saved(tmp_path, light_picture(), suffix))
    assert heard.shape == expected.shape
    assert np.std(heard) == pytest.approx(np.std(expected), rel=0.3)


def test_sixteen_bits_palette_and_transparency_are_heard_as_bytes_are():
    codec = SpectrogramCodec(RIFFUSION)
    image = light_picture()
    grey = np.asarray(image)[..., 0]
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    expected, _ = codec.decode(image)
    for other in (deep, image.convert("RGBA"), image.convert("L"), image.convert("L").convert("P")):
        np.testing.assert_allclose(codec.decode(other)[0], expected, atol=2e-2)


def test_another_height_is_resampled_and_said():
    params, assumed = recognise(light_picture((100, 640)))
    audio, _ = SpectrogramCodec(params).decode(light_picture((100, 640)))
    assert any("640 rows were resampled to the 512 bands" in text for text in assumed)
    assert np.isfinite(audio).all()


def test_broken_tiny_and_huge_pictures_are_named_before_they_are_decoded(tmp_path):
    path = tmp_path / "whole.png"
    light_picture().save(path)
    (tmp_path / "cut.png").write_bytes(path.read_bytes()[:3000])
    with pytest.raises(PictureProblem, match=r"cut\.png cannot be read"):
        read_picture(tmp_path / "cut.png")
    (tmp_path / "text.png").write_text("not a picture")
    with pytest.raises(PictureProblem, match=r"text\.png cannot be read"):
        read_picture(tmp_path / "text.png")
    Image.new("1", (20_000, 10_000)).save(tmp_path / "huge.png")
    with pytest.raises(PictureProblem, match=r"huge\.png"):
        read_picture(tmp_path / "huge.png")
    Image.new("L", (1, 1)).save(tmp_path / "dot.png")
    with pytest.raises(PictureProblem, match=r"dot\.png has 1 x 1 pixels \(expected 2 x 8 at least"):
        read_picture(tmp_path / "dot.png")


def test_a_written_picture_keeps_its_parameters_and_texts(tmp_path):
    image = SpectrogramCodec(SpectrogramParams.preset("mini")).encode(np.zeros((1, 10), np.float32), 24000)
    read = read_picture(write_picture(tmp_path / "a.png", image, {"Title": "café – наука"}))
    assert read.info["Title"] == "café – наука"
    assert SpectrogramParams.from_json(read.info[KEY]).fingerprint == "d716095fb13d"
    with pytest.raises(PictureProblem, match=r"a name ending in \.png"):
        write_picture(tmp_path / "a.jpg", image)


def test_the_dissertation_s_pictures_last_as_long_as_their_sounds(shared_data):
    import soundfile

    pairs = sorted((shared_data / "seed_outputs" / "pairs").glob("*.png"))
    for path in pairs[::7]:
        params, _ = recognise(read_picture(path))
        assert params.clip_seconds == pytest.approx(soundfile.info(path.with_suffix(".flac")).duration, abs=0.001)
