"""Riffusion's pictures as web UIs, painters and phones hand them on are heard as the plain picture is."""

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from spectrogram.codec import SpectrogramCodec
from spectrogram.codec.foreign import at_its_size, recognise
from spectrogram.files.pictures import infotext, read_picture
from spectrogram.params import SpectrogramParams
from spectrogram.recipe import Recipe

RIFFUSION = SpectrogramParams.preset("riffusion")
TEXT = (
    "church bells\nNegative prompt: noise\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1234, "
    "Size: {size}, Model: riffusion-model-v1, Version: v1.10.1"
)
USER_COMMENT = 0x9286


@pytest.fixture(scope="module")
def beeps():
    """512 columns of beeps at 1000 Hz, 0.3 s on and 0.2 s off."""
    time_s = np.arange(round(5.12 * 44100)) / 44100
    audio = 0.5 * np.sin(2 * np.pi * 1000 * time_s) * (time_s % 0.5 < 0.3)
    image = SpectrogramCodec(RIFFUSION).encode(audio[None].astype(np.float32), 44100)
    image.info.clear()
    return image


def saved(image, path, text=None, **options):
    if text is not None:
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_text("parameters", text)
    image.save(path, **options)
    return read_picture(path)


def heard(image):
    params, assumed = recognise(image)
    audio, rate_hz = SpectrogramCodec(params).decode(at_its_size(image, params))
    spectrum = np.abs(np.fft.rfft(audio[0]))
    return np.argmax(spectrum) * rate_hz / audio.shape[1], audio.shape[1] / rate_hz, params, assumed


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "LA"])
def test_every_mode_of_a_riffusion_picture_is_one(beeps, tmp_path, mode):
    image = beeps.convert("L").convert("RGBA").convert("LA") if mode == "LA" else beeps.convert("L").convert(mode)
    pitch_hz, seconds, params, _ = heard(saved(image, tmp_path / "a.png"))
    assert params == RIFFUSION
    assert pitch_hz == pytest.approx(1000, abs=12)
    assert seconds == pytest.approx(5.11)


def test_white_made_transparent_is_white_again(beeps, tmp_path):
    grey = np.asarray(beeps.convert("L"))
    for colours in (np.zeros_like(grey), grey):  # white taken out of every pixel, or only where it was pure
        alpha = 255 - grey if not colours.any() else np.where(grey > 250, 0, 255).astype(np.uint8)
        image = Image.merge("RGBA", [Image.fromarray(colours)] * 3 + [Image.fromarray(alpha)])
        pitch_hz, _, params, _ = heard(saved(image, tmp_path / "a.png"))
        assert params == RIFFUSION
        assert pitch_hz == pytest.approx(1000, abs=12)


def test_dense_sound_of_a_named_model_is_not_taken_as_inverted(tmp_path):
    time_s = np.arange(2 * 44100) / 44100
    gusts = np.random.default_rng(0).normal(size=time_s.size) * 0.3 * (time_s % 1 < 0.6)
    image = SpectrogramCodec(RIFFUSION.replace(columns=200)).encode(gusts[None].astype(np.float32), 44100)
    image.info.clear()
    image = saved(image, tmp_path / "a.png", TEXT.format(size="200x512"))
    params, _ = recognise(image)
    assert params == RIFFUSION.replace(columns=200)
    audio, _ = SpectrogramCodec(params).decode(image)
    loud, quiet = audio[0, round(0.1 * 44100) : round(0.5 * 44100)], audio[0, round(0.7 * 44100) : round(0.9 * 44100)]
    assert np.std(loud) > 10 * np.std(quiet)


@pytest.mark.parametrize("text", [TEXT.format(size="512x512"), None])
def test_an_enlarged_picture_is_brought_back_in_both_directions(beeps, tmp_path, text):
    large = beeps.resize((1024, 1024), Image.Resampling.LANCZOS)
    pitch_hz, seconds, params, assumed = heard(saved(large, tmp_path / "a.png", text))
    assert params.columns == 512
    assert any("1024 x 1024 pixels are read as 512 x 512" in line for line in assumed)
    assert seconds == pytest.approx(5.11)
    assert pitch_hz == pytest.approx(1000, abs=12)


def test_a_picture_that_a_phone_turned_stands_upright(beeps, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = beeps.transpose(Image.Transpose.ROTATE_90)
    pitch_hz, seconds, params, _ = heard(saved(turned, tmp_path / "a.jpg", exif=exif, quality=95))
    assert params == RIFFUSION
    assert (pitch_hz, seconds) == (pytest.approx(1000, abs=12), pytest.approx(5.11))


@pytest.mark.parametrize("suffix", ["jpg", "webp"])
@pytest.mark.parametrize("order", ["utf-16-be", "utf-16-le", "ascii"])
def test_the_text_in_a_jpeg_or_webp_names_model_and_recipe(beeps, tmp_path, suffix, order):
    text = TEXT.format(size="512x512")
    head = b"ASCII\0\0\0" if order == "ascii" else b"UNICODE\0"
    exif = Image.Exif()
    exif.get_ifd(0x8769)[USER_COMMENT] = head + text.encode(order)
    image = saved(beeps, tmp_path / f"a.{suffix}", exif=exif, quality=95)
    assert infotext(image) == text
    params, assumed = recognise(image)
    assert params == RIFFUSION
    assert "its text names riffusion" in assumed[0]
    recipe = Recipe.read(tmp_path / f"a.{suffix}")
    assert (recipe.prompt, recipe.negative_prompt, recipe.seed, recipe.steps) == ("church bells", "noise", 1234, 20)


@pytest.mark.parametrize("ending", [".gif", ".tif", ".webp", ".png"])
@pytest.mark.parametrize("several", [True, False])
def test_of_a_file_with_several_pictures_the_first_is_read_and_it_is_said(tmp_path, ending, several):
    first, second = (Image.fromarray(np.full((128, 256), grey, np.uint8)) for grey in (250, 20))
    first.save(tmp_path / f"a{ending}", save_all=True, append_images=[second] if several else [])
    picture = read_picture(tmp_path / f"a{ending}")
    _, assumed = recognise(picture)
    assert np.asarray(picture.convert("L")).mean() > 240
    assert any("several pictures: the first was read" in text for text in assumed) == several
