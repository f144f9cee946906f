"""The verbs as a person types them."""

import json

import numpy as np
import pytest
import soundfile
from PIL import Image

from spectrogram.__main__ import main
from spectrogram.problems import UsageProblem
from spectrogram.prompts.ranges import parse_range
from spectrogram.recipe import Recipe


@pytest.fixture
def sound(tmp_path):
    path = tmp_path / "in.flac"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 3 * 16000), 16000)
    return path


@pytest.mark.parametrize(
    ("verb", "flags", "seconds"),
    [
        ("transform", ["--strength", "0.5"], 3),
        ("inpaint", ["--start", "1", "--end", "2", "--low", "500"], 3),
        ("extend", ["--seconds", "1.5", "--side", "left"], 4.5),
        ("loop", ["--seam", "0.5"], 3),
    ],
)
def test_a_verb_writes_a_sound_of_the_right_length_with_its_recipe(
    tiny_base, sound, tmp_path, capsys, verb, flags, seconds
):
    common = ["-o", tmp_path / "out.wav", "--base", tiny_base, "--steps", 1, "--seed", 3]
    assert main([verb, *map(str, [sound, "bell", *flags, *common])]) == 0
    assert soundfile.info(tmp_path / "out.wav").duration == pytest.approx(seconds, abs=1e-3)
    recipe = Recipe.read(tmp_path / "out.wav")
    assert (recipe.verb, recipe.prompt, recipe.seed) == (verb, "bell", 3)
    assert "next: python -m spectrogram inspect" in capsys.readouterr().out


def test_morph_writes_numbered_clips_and_timeline_one(tiny_base, tmp_path):
    common = ["-o", tmp_path / "a.wav", "--base", tiny_base, "--steps", 1]
    assert main(["morph", *map(str, ["rain", "bell", "--num", 3, *common])]) == 0
    assert sorted(path.name for path in tmp_path.glob("*.wav")) == ["a-1.wav", "a-2.wav", "a-3.wav"]
    assert main(["timeline", *map(str, ["0-2 rain", "1.5-3.5 s bell", *common])]) == 0
    assert soundfile.info(tmp_path / "a.wav").duration == 3.5


def test_events_are_read_and_others_refused():
    assert parse_range("3-5 a robin sings", "s") == (3.0, 5.0, "a robin sings")
    assert parse_range("0.5–4 s forest", "s") == (0.5, 4.0, "forest")
    for wrong in ("rain", "3-5", "a-b rain", "-1-3 rain"):
        with pytest.raises(UsageProblem, match="unreadable"):
            parse_range(wrong, "s")


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["transform", "none.wav", "rain"], 4, "none.wav does not exist"),
        (["transform", "IN", "rain", "--strength", "2"], 2, "--strength is 2.0"),
        (["inpaint", "IN", "rain", "--start", "2", "--end", "1"], 2, "is not before"),
        (["inpaint", "IN", "rain", "--start", "7", "--end", "9"], 2, "The region is"),
        (["extend", "IN", " ", "--seconds", "1"], 2, "The prompt is empty"),
        (["loop", "IN", "rain", "--seam", "9"], 2, "The seam is 9 s"),
        (["morph", "rain"], 2, "There is one prompt"),
        (["timeline", "3-1 rain"], 2, "cannot be painted"),
        (["transform", "IN", "rain", "--steps", "1", "-o", "/proc/none/a.wav"], 5, "No such file or directory"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tiny_base, sound, capsys, arguments, code, reason):
    arguments = [str(sound) if argument == "IN" else argument for argument in arguments]
    assert main([*arguments, "--base", str(tiny_base)]) == code
    assert reason in capsys.readouterr().err


def test_mix_stereo_and_a_painted_mask_write_what_they_say(tiny_base, sound, tmp_path):
    common = ["-o", tmp_path / "out.wav", "--base", tiny_base, "--steps", 1, "--seed", 3]
    assert main(["mix", *map(str, ["0-500 rain", "1000-9000 Hz bell", "--seconds", 2, *common])]) == 0
    assert Recipe.read(tmp_path / "out.wav").settings["bands"] == [[0, 500, "rain"], [1000, 9000, "bell"]]
    assert main(["stereo", *map(str, ["rain", "--spread", 0.5, "--seconds", 2, *common])]) == 0
    info = soundfile.info(tmp_path / "out.wav")
    assert (info.channels, info.duration) == (2, 2.0)
    mask = np.zeros((64, 64), np.uint8)
    mask[:, 32:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    assert main(["inpaint", *map(str, [sound, "bell", "--mask", tmp_path / "mask.png", *common])]) == 0
    painted, original = soundfile.read(tmp_path / "out.wav")[0], soundfile.read(sound)[0]
    np.testing.assert_allclose(painted[:22000], original[:22000], atol=1e-4)
    assert np.abs(painted[26000:] - original[26000:]).mean() > 0.01


def test_variations_follow_the_recipe_of_the_clip(tiny_base, tmp_path):
    common = ["--base", tiny_base, "--steps", 2]
    assert main(["generate", *map(str, ["rain", "-o", tmp_path / "a.wav", "--seed", 8, *common])]) == 0
    flags = ["--num", 2, "--amount", 0.2, "-o", tmp_path / "b.wav", "--base", tiny_base]
    assert main(["variations", *map(str, [tmp_path / "a.wav", *flags])]) == 0
    recipes = [Recipe.read(tmp_path / f"b-{i}.wav") for i in (1, 2)]
    assert [(recipe.prompt, recipe.seed, recipe.steps) for recipe in recipes] == [("rain", 8, 2)] * 2


def test_upscale_needs_no_prompt(tiny_base, sound, tmp_path):
    out = tmp_path / "fine.wav"
    assert main(["upscale", *map(str, [sound, "--high", 20000, "-o", out, "--base", tiny_base])]) == 0
    assert soundfile.info(out).samplerate == 48000
    assert Recipe.read(out).verb == "upscale"


@pytest.mark.parametrize("suffix", [".jams", ".csv", ".txt"])
def test_a_timeline_writes_its_labels(tiny_base, tmp_path, suffix):
    out, labels = tmp_path / "a.wav", tmp_path / f"a{suffix}"
    flags = ["-o", out, "--labels", labels, "--base", tiny_base, "--steps", 1]
    assert main(["timeline", *map(str, ["0-2 rain", "1.5-3.5 the bell", *flags])]) == 0
    text = labels.read_text()
    if suffix == ".jams":
        jams = json.loads(text)
        assert jams["file_metadata"]["duration"] == 3.5
        rows = [(row["time"], row["duration"], row["value"]) for row in jams["annotations"][0]["data"]]
        assert rows == [(0, 2, "rain"), (1.5, 2, "the bell")]
        assert jams["annotations"][-1]["annotation_metadata"]["data_source"] == "measured in the sound"
        for row in jams["annotations"][-1]["data"]:
            assert 0 <= row["time"] <= row["time"] + row["duration"] <= 3.5
            assert 0 <= row["value"]["low_hz"] <= row["value"]["high_hz"]
    elif suffix == ".csv":
        header, *rows = (line.split(",") for line in text.splitlines())
        assert header[-2:] == ["measured_start_time", "measured_end_time"]
        assert [row[:3] + row[5:6] for row in rows] == [
            ["a.wav", "0.000000", "2.000000", "rain"],
            ["a.wav", "1.500000", "3.500000", "the bell"],
        ]
        for row in rows:
            assert 0 <= float(row[-2]) <= float(row[-1]) <= 3.5
            assert 0 <= float(row[3]) <= float(row[4])
    else:
        lines = text.splitlines()
        assert lines[::2] == ["0.000000\t2.000000\train", "1.500000\t3.500000\tthe bell"]
        assert all(line.startswith("\\\t") for line in lines[1::2])


def test_several_adapters_have_their_own_strengths(tiny_base, tiny_lora, tmp_path):
    out = tmp_path / "a.wav"
    adapters = ["--lora", tiny_lora, "--lora-scale", 0.5, "--lora", tiny_lora]
    assert main(["generate", *map(str, ["rain", "-o", out, "--base", tiny_base, "--steps", 1, *adapters])]) == 0
    recipe = Recipe.read(out)
    assert (recipe.adapter, recipe.settings) == ("rain+rain", {"adapter_scales": [0.5, 1.0]})
