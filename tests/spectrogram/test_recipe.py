"""Recipes: the same after every container, from other tools too, and never at the cost of a sample or a pixel."""

import json

import numpy as np
import pytest
import soundfile
from PIL import Image

from spectrogram.files.audio import write_wav_comment
from spectrogram.files.headers.riff import read_wav_comment
from spectrogram.params import SpectrogramParams
from spectrogram.problems import Problem
from spectrogram.recipe import Recipe

LONG = "a bell, «rings» – 鐘 \U0001f514\n" + "and rings " * 500
RECIPE = Recipe(
    prompt=LONG,
    negative_prompt="hum",
    seed=2**63 - 1,
    steps=20,
    guidance=3.0,
    guidance_rescale=0.5,
    width=256,
    height=128,
    scheduler="DDIMScheduler",
    model="base_model",
    adapter="rain",
    adapter_scale=0.7,
    settings={"strength": 0.5},
    params=SpectrogramParams.preset("mini").to_dict(),
)


def write_noise(path, subtype=None):
    noise = np.random.default_rng(0).integers(-(2**31), 2**31, (2400, 2), dtype=np.int32)
    soundfile.write(path, noise, 24000, subtype=subtype)
    return path


@pytest.mark.parametrize(("name", "subtype"), [("a.wav", "PCM_24"), ("b.wav", "FLOAT"), ("c.flac", "PCM_24")])
def test_a_recipe_goes_through_a_sound_file_and_leaves_every_sample(tmp_path, name, subtype):
    path = write_noise(tmp_path / name, subtype)
    before = soundfile.read(path, dtype="int32")[0]
    RECIPE.write_into(path)
    assert Recipe.read(path) == RECIPE
    np.testing.assert_array_equal(soundfile.read(path, dtype="int32")[0], before)


def test_a_recipe_goes_through_a_png_and_leaves_every_pixel(tmp_path):
    path = tmp_path / "a.png"
    pixels = np.random.default_rng(0).integers(0, 256, (128, 256, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    RECIPE.write_into(path)
    assert Recipe.read(path) == RECIPE
    with Image.open(path) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)
        assert SpectrogramParams.from_image(image) == SpectrogramParams.preset("mini")


def test_writing_twice_replaces_the_recipe(tmp_path):
    path = write_noise(tmp_path / "a.wav")
    RECIPE.write_into(path)
    Recipe(prompt="second").write_into(path)
    assert Recipe.read(path).prompt == "second"
    assert path.read_bytes().count(b"ICMT") == 1


def test_an_ogg_carries_the_recipe_as_the_comment_it_was_written_with(tmp_path):
    from spectrogram.files.audio import write_audio

    path = write_audio(tmp_path / "a.ogg", np.zeros((1, 2400), np.float32), 24000, comment=RECIPE.to_json())
    assert Recipe.read(path) == RECIPE
    with pytest.raises(Problem, match="without encoding it again"):
        RECIPE.write_into(path)


def test_a_wav_comment_keeps_other_tags_and_is_read_by_libsndfile(tmp_path):
    path = tmp_path / "a.wav"
    with soundfile.SoundFile(path, "w", 24000, 1) as file:
        file.title = "kept"
        file.comment = "old"
        file.write(np.zeros(101))
    write_wav_comment(path, "new")
    with soundfile.SoundFile(path) as file:
        assert (file.title, file.comment, file.frames) == ("kept", "new", 101)


@pytest.mark.parametrize("data", [b"", b"RIFF", b"ID3 not a wav at all"])
def test_what_is_no_wav_is_named(tmp_path, data):
    (tmp_path / "a.wav").write_bytes(data)
    with pytest.raises(Problem, match=r"a\.wav starts with"):
        read_wav_comment(tmp_path / "a.wav")


def test_sizes_beyond_the_end_of_a_wav_do_no_harm(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF\xff\xff\xff\xffWAVELIST\xff\xff\xff\xffINFO")
    assert read_wav_comment(tmp_path / "a.wav") is None


def test_the_settings_of_automatic1111_are_read(tmp_path):
    text = (
        "rain, <lora:drops:0.6> on tin\nsecond line\nNegative prompt: hum, hiss\n"
        "Steps: 30, Sampler: Euler a, CFG scale: 7.5, Seed: 12, Size: 512x256, "
        'Model: v1-5, Note: "a, b: c", Version: v1.9'
    )
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("parameters", text)
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", pnginfo=info)
    recipe = Recipe.read(tmp_path / "a.png")
    assert recipe.prompt == "rain, on tin\nsecond line"
    assert (recipe.negative_prompt, recipe.adapter, recipe.adapter_scale) == ("hum, hiss", "drops", 0.6)
    assert (recipe.steps, recipe.guidance, recipe.seed, recipe.width, recipe.height) == (30, 7.5, 12, 512, 256)
    assert (recipe.scheduler, recipe.model) == ("Euler a", "v1-5")


def test_our_pictures_speak_to_automatic1111(tmp_path):
    from spectrogram.files.webui import format_parameters, parse_parameters

    fields = parse_parameters(format_parameters(RECIPE))
    assert fields["prompt"] == LONG.strip()
    names = ("negative_prompt", "steps", "seed", "guidance", "width", "height", "adapter", "adapter_scale", "model")
    assert all(fields[name] == getattr(RECIPE, name) for name in names)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"prompt": 3}', '{"prompt": "a", "seed": "b"}', "[" * 100_000])
def test_a_strange_recipe_is_refused_with_a_reason(text):
    with pytest.raises(Problem, match="recipe"):
        Recipe.from_json(text)


def test_fields_of_a_newer_version_are_ignored():
    assert Recipe.from_json(json.dumps({"prompt": "a", "holograms": 3})) == Recipe(prompt="a")


@pytest.mark.parametrize("name", ["none.png", "none.wav", "none.flac", "broken.png"])
def test_a_file_without_a_recipe_is_named(tmp_path, name):
    path = tmp_path / name
    if name == "broken.png":
        path.write_bytes(b"\x89PNG\r\n\x1a\n")
    elif name.endswith(".png"):
        Image.new("RGB", (8, 8)).save(path)
    else:
        write_noise(path)
    with pytest.raises(Problem, match=name):
        Recipe.read(path)
