"""The generate command as a person runs it: files, recipes, sentences, exit codes."""

import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from spectrogram.__main__ import main
from spectrogram.recipe import Recipe
from tests.next_lines import follow


def generate(*arguments) -> int:
    return main(["generate", *map(str, arguments)])


def test_a_command_writes_sound_picture_and_recipes(tiny_base, tiny_lora, tmp_path, capsys):
    flags = ("--lora", tiny_lora, "--lora-scale", 0.5, "--steps", 3, "--guidance", 2, "--negative-prompt", "hum")
    assert generate("rain", "-o", tmp_path / "a.wav", "--base", tiny_base, "--seed", 7, *flags) == 0
    sound, rate_hz = soundfile.read(tmp_path / "a.wav")
    assert (len(sound) / rate_hz, rate_hz) == (5.12, 24000)
    assert np.abs(sound).max() > 0
    recipe = Recipe.read(tmp_path / "a.wav")
    assert recipe == Recipe.read(tmp_path / "a.png")
    assert (recipe.prompt, recipe.negative_prompt, recipe.seed) == ("rain", "hum", 7)
    assert (recipe.steps, recipe.guidance, recipe.adapter, recipe.adapter_scale) == (3, 2.0, "rain", 0.5)
    told = capsys.readouterr().out
    assert "seed 7" in told
    assert told.splitlines()[-1].startswith("next: python -m spectrogram")


@pytest.mark.next_line("spectrogram/commands/options.py finish")
def test_what_comes_next_looks_at_the_picture(tiny_base, tmp_path, capsys):
    out = tmp_path / "my owl's #1.wav"
    assert generate("rain", "-o", out, "--base", tiny_base, "--steps", 1, "--seconds", 0.5) == 0
    assert follow(capsys.readouterr().out) == 0
    assert "my owl's #1.png" in capsys.readouterr().out


def test_several_clips_are_numbered_and_told_as_json(tiny_base, tmp_path, capsys):
    out = tmp_path / "new" / "a.flac"
    flags = ("--num", 2, "--seed", 3, "--steps", 2, "--seconds", 1.5, "--json")
    assert generate("--prompt", "rain", "-o", out, "--base", tiny_base, *flags) == 0
    clips = json.loads(capsys.readouterr().out)["clips"]
    assert [clip["sound"] for clip in clips] == [str(out.with_stem("a-1")), str(out.with_stem("a-2"))]
    assert [Recipe.read(clip["sound"]).seed for clip in clips] == [3, 4]
    assert all(soundfile.info(clip["sound"]).duration == clip["seconds"] == 1.5 for clip in clips)


def test_a_prompt_that_is_read_in_pieces_is_told(tiny_base, tmp_path, capsys):
    flags = ("-o", tmp_path / "a.wav", "--base", tiny_base, "--steps", 1, "--seconds", 0.5)
    assert generate("rain " * 76 + "bell", *flags) == 0
    assert "after the first: rain bell" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([""], "The prompt is empty"),
        (["  \n"], "The prompt is empty"),
        (["rain", "-o", "a.txt"], "ends in '.txt'"),
        (["rain", "--base", "nowhere"], "No base model in nowhere"),
        (["rain", "--num", "0"], "--num is 0"),
        (["rain", "--steps", "-1"], "--steps is -1"),
        (["rain", "--guidance", "nan"], "--guidance is nan"),
        (["rain", "--seed", "-4"], "--seed is -4"),
        (["rain", "--seconds", "0"], "--seconds is 0"),
        (["rain", "--lora-scale", "99"], "--lora-scale is 99"),
        (["rain", "--device", "abacus"], "device 'abacus' is not here"),
    ],
)
def test_a_wrong_command_ends_with_code_2_and_says_what_to_do(tiny_base, arguments, reason, capsys):
    base = [] if "--base" in arguments else ["--base", tiny_base]
    assert generate(*arguments, *base) == 2
    told = capsys.readouterr().err
    assert reason in told
    assert told.count("\n") <= 2


def test_an_adapter_that_is_none_ends_with_code_4(tiny_base, tmp_path, capsys):
    (tmp_path / "a.bin").write_bytes(b"")
    assert generate("rain", "--base", tiny_base, "--lora", tmp_path / "a.bin") == 4
    assert "not a .safetensors file" in capsys.readouterr().err


def test_help_loads_neither_torch_nor_diffusers():
    program = (
        "import sys\nfrom spectrogram.__main__ import main\n"
        + "try: main(['generate', '--help'])\nexcept SystemExit: pass\n"
        + "print([name for name in ('torch', 'diffusers', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"
