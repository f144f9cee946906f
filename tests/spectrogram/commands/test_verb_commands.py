"""The verbs as a person types them."""

import numpy as np
import pytest
import soundfile

from spectrogram.__main__ import main
from spectrogram.commands.timeline import parse_event
from spectrogram.problems import UsageProblem
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
    assert parse_event("3-5 a robin sings") == (3.0, 5.0, "a robin sings")
    assert parse_event("0.5–4 s forest") == (0.5, 4.0, "forest")
    for wrong in ("rain", "3-5", "a-b rain", "-1-3 rain"):
        with pytest.raises(UsageProblem, match="unreadable"):
            parse_event(wrong)


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["transform", "none.wav", "rain"], 4, "none.wav does not exist"),
        (["transform", "IN", "rain", "--strength", "2"], 2, "--strength is 2.0"),
        (["inpaint", "IN", "rain", "--start", "2", "--end", "1"], 2, "is not before"),
        (["inpaint", "IN", "rain", "--start", "7", "--end", "9"], 2, "the region is"),
        (["extend", "IN", " ", "--seconds", "1"], 2, "the prompt is empty"),
        (["loop", "IN", "rain", "--seam", "9"], 2, "the seam is 9 s"),
        (["morph", "rain"], 2, "there is one prompt"),
        (["timeline", "3-1 rain"], 2, "cannot be painted"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tiny_base, sound, capsys, arguments, code, reason):
    arguments = [str(sound) if argument == "IN" else argument for argument in arguments]
    assert main([*arguments, "--base", str(tiny_base)]) == code
    assert reason in capsys.readouterr().err
