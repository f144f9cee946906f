"""Many prompts from a file: names, seeds, and going on after an interruption."""

import csv
import json

import pytest

from spectrogram.__main__ import main
from spectrogram.recipe import Recipe


@pytest.fixture
def prompts(tmp_path):
    path = tmp_path / "prompts.txt"
    path.write_text("# birds\nrain\n\nthe bell\n", encoding="utf-8")
    return path


def batch(prompts, folder, base, *flags) -> int:
    common = ["--prompts", prompts, "--out", folder, "--base", base, "--steps", 1, "--seconds", 0.6]
    return main(["generate", *map(str, [*common, *flags])])


def test_each_line_becomes_a_sound_named_by_its_number(tiny_base, prompts, tmp_path):
    out = tmp_path / "sounds"
    assert batch(prompts, out, tiny_base, "--seed", 5) == 0
    assert sorted(path.name for path in out.glob("*.wav")) == ["0002.wav", "0004.wav"]
    recipes = [Recipe.read(out / name) for name in ("0002.wav", "0004.wav")]
    assert [(recipe.prompt, recipe.seed) for recipe in recipes] == [("rain", 7), ("the bell", 9)]
    with open(out / "prompts.csv", encoding="utf-8") as file:
        assert list(csv.reader(file))[1:] == [["0002.wav", "rain"], ["0004.wav", "the bell"]]


def test_a_second_run_makes_only_what_is_missing_or_changed(tiny_base, prompts, tmp_path, capsys):
    out = tmp_path / "sounds"
    batch(prompts, out, tiny_base, "--seed", 5, "--num", 2)
    kept = (out / "0002-1.wav").stat().st_mtime_ns
    (out / "0004-1.wav").unlink()
    (out / "0004-2.wav").write_bytes((out / "0004-2.wav").read_bytes()[:200])
    capsys.readouterr()
    assert batch(prompts, out, tiny_base, "--seed", 5, "--num", 2, "--json") == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (told[0]["to_make"], told[0]["kept"]) == (2, 2)
    assert (out / "0002-1.wav").stat().st_mtime_ns == kept
    assert batch(prompts, out, tiny_base, "--seed", 6, "--num", 2, "--json") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["to_make"] == 4


def test_a_clip_of_a_batch_is_the_clip_alone(tiny_base, prompts, tmp_path):
    batch(prompts, tmp_path / "sounds", tiny_base, "--seed", 5)
    flags = ["--seed", "9", "--steps", "1", "--seconds", "0.6", "--base", str(tiny_base)]
    assert main(["generate", "the bell", "-o", str(tmp_path / "alone.wav"), *flags]) == 0
    assert Recipe.read(tmp_path / "alone.wav") == Recipe.read(tmp_path / "sounds" / "0004.wav")


@pytest.mark.parametrize(
    ("text", "flags", "reason"),
    [
        ("# nothing\n", [], "holds no prompt"),
        ("rain", ["--out", "a.wav"], "--out is a.wav"),
        ("rain", ["--best-of", "4"], "--best-of does not go"),
        ("rain", ["bell"], "Both a prompt"),
    ],
)
def test_what_is_wrong_is_said(tiny_base, prompts, tmp_path, capsys, text, flags, reason):
    prompts.write_text(text, encoding="utf-8")
    assert batch(prompts, tmp_path / "sounds", tiny_base, *flags) == 2
    assert reason in capsys.readouterr().err
