"""Several configs lie side by side in one dataset, and a build never removes what is no part of it."""

import json

import pytest

from dataset_builder.build import Settings, build
from dataset_builder.commands import build as command
from dataset_builder.intake.captions import chosen_wordings, read_entries
from dataset_builder.intake.entries import Entry
from dataset_builder.making import forecast
from spectrogram.files.dataset_folder import configs
from spectrogram.files.dataset_rows import undecoded
from spectrogram.params import SpectrogramParams
from spectrogram.problems import EnvironmentProblem, Problem, UsageProblem

NAME = "sd-audio-spectrograms"


def test_two_presets_are_two_configs_with_the_same_splits_and_the_first_is_the_default(folder, tmp_path, monkeypatch):
    from datasets import get_dataset_config_names, load_dataset

    out = tmp_path / NAME
    outcomes = build(read_entries(folder), out, Settings(presets=("sd15", "mini")))
    assert {name: outcome.kept for name, outcome in outcomes.items()} == {"sd15": 12, "mini": 12}
    monkeypatch.chdir(tmp_path)
    assert set(get_dataset_config_names(NAME)) == {"sd15", "mini"}
    cache = str(tmp_path / "cache")
    default = load_dataset(NAME, split="test", cache_dir=cache).remove_columns("audio")
    small = load_dataset(NAME, "mini", split="test", cache_dir=cache).remove_columns("audio")
    streamed = next(iter(undecoded(load_dataset(NAME, "mini", split="test", streaming=True))))
    assert default[0]["image"].size == (512, 512)
    assert small[0]["image"].size == streamed["image"].size == (256, 128)
    assert default["clip_id"] == small["clip_id"]
    assert configs(out) == ["sd15", "mini"]
    assert SpectrogramParams.from_model(out) == SpectrogramParams.preset("sd15")
    assert SpectrogramParams.from_model(out / "data" / "mini") == SpectrogramParams.preset("mini")
    assert json.loads((out / "settings.json").read_text())["presets"] == ["sd15", "mini"]


def test_a_build_that_would_lose_a_config_asks_first(folder, tmp_path, capsys):
    out = tmp_path / NAME
    entries = read_entries(folder)
    build(entries, out, Settings(presets=("mini",)))
    assert command.main([str(folder), "--out", str(out), "--preset", "riffusion"]) == 2
    assert "expected --preset mini,riffusion (all side by side)). Pass it, or --replace" in capsys.readouterr().err
    build(entries, out, Settings(presets=("riffusion",), replace=True))
    assert configs(out) == ["riffusion"]


def test_a_folder_with_other_files_is_never_replaced(folder, tmp_path, capsys):
    assert command.main([str(folder), "--out", str(folder)]) == 2
    assert "holds other files" in capsys.readouterr().err
    assert (folder / "audio" / "t0.wav").is_file()
    with pytest.raises(Problem, match="expected a dataset of this package"):
        configs(folder)


def test_an_unknown_preset_lists_those_that_exist(folder, tmp_path, capsys):
    assert command.main([str(folder), "--out", str(tmp_path / NAME), "--preset", "mini,sd9"]) == 2
    assert "sd15" in capsys.readouterr().err


def test_too_little_room_is_told_before_the_first_clip(tmp_path, monkeypatch):
    usage = forecast.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(forecast.shutil, "disk_usage", lambda place: usage._replace(free=1_000_000))
    with pytest.raises(EnvironmentProblem, match=r"has 1 MB of free space \(expected about 28. MB"):
        forecast.check_room(1000, Settings(), tmp_path / "set")


def five(number):
    return Entry(f"c{number}", "x.wav", tuple(f"{number}{letter}" for letter in "abcde"))


def test_all_the_first_or_a_random_wording_of_a_clip_are_kept():
    entries = [five(number) for number in range(40)]
    assert chosen_wordings(entries, "all", 0) == entries
    assert {entry.captions for entry in chosen_wordings(entries, "first", 0)} == {(f"{n}a",) for n in range(40)}
    drawn = chosen_wordings(entries, "random", 1)
    assert drawn == list(reversed(chosen_wordings(entries[::-1], "random", 1)))
    assert drawn != chosen_wordings(entries, "random", 2)
    assert {entry.captions[0][-1] for entry in drawn} == set("abcde")
    assert all(len(entry.captions) == 1 for entry in drawn)
    with pytest.raises(UsageProblem, match="all, first, random"):
        chosen_wordings(entries, "second", 0)


def test_the_policy_of_wordings_is_recorded_in_the_settings_and_the_card(folder, tmp_path):
    outcomes = build(read_entries(folder), tmp_path / NAME, Settings(wordings="random", seed=4))
    assert all(row["captions"] == [row["caption"]] for row in outcomes["mini"].facts)
    settings = json.loads((tmp_path / NAME / "settings.json").read_text())
    assert (settings["wordings"], settings["seed"]) == ("random", 4)
    assert "one was kept, drawn from the seed" in (tmp_path / NAME / "README.md").read_text()
