"""Small and labelled datasets: one recording, one validation clip, one sound among others, another dataset to keep."""

import json

import pytest

from dataset_builder import __main__ as builder
from dataset_builder.soundscapes import composer
from training import __main__ as command
from training.record.run_file import read_events, read_run

FEW = ("--steps", "2", "--batch", "4", "--samples", "0", "--precision", "no", "--tracker", "none", "--rank", "2")


def dataset(folder, clips, classes):
    table = composer.write(folder / "raw", clips, seed=3, classes=classes, pair_share=0)
    out = folder / "built"
    assert builder.main([str(table), "--audio", str(folder / "raw"), "--out", str(out), "--workers", "1"]) == 0
    return out


@pytest.fixture(scope="module")
def two_sounds(tmp_path_factory):
    return dataset(tmp_path_factory.mktemp("two"), 10, ("owl", "rain"))


def run(data, base, out, *more):
    return command.main([str(data), "--out", str(out), "--base", str(base), *FEW, *more])


@pytest.mark.parametrize("method", ["lora", "dreambooth"])
def test_one_recording_is_taught_without_validation_and_says_so(method, tiny_base, tmp_path, capsys):
    data = dataset(tmp_path, 1, ("owl",))
    assert run(data, tiny_base, tmp_path / "run", "--method", method) == 0
    assert "no clip was held out" in capsys.readouterr().out
    assert read_run(tmp_path / "run")["validation"] == {}
    notes = [event["text"] for event in read_events(tmp_path / "run" / "events.jsonl") if event["event"] == "note"]
    assert "no clip can be held out: nothing is validated" in notes
    assert command.main(["report", str(tmp_path / "run")]) == 0


def test_a_labelled_sound_has_the_rare_word_and_the_others_keep_theirs(two_sounds, tiny_base, tmp_path, capsys):
    out = tmp_path / "run"
    line = (
        "--method",
        "dreambooth",
        "--instance-label",
        "owl",
        "--class-prompt",
        "an animal calling",
        "--samples",
        "9",
    )
    assert run(two_sounds, tiny_base, out, *line) == 0
    start = read_events(out / "events.jsonl")[0]
    clips = read_run(out)["dataset"]["train"]
    assert 0 < start["replayed"] < clips
    prompts = {row["prompt"] for row in json.loads((out / "samples" / "samples.json").read_text())}
    assert prompts == {"an sks animal calling"}
    assert run(two_sounds, tiny_base, tmp_path / "b", "--method", "dreambooth", "--instance-label", "wolf") == 2
    assert "labels: owl, rain" in capsys.readouterr().err


def test_clips_of_another_dataset_are_replayed(two_sounds, owls, tiny_base, tmp_path):
    assert run(owls, tiny_base, tmp_path / "run", "--replay", "0.5", "--replay-dataset", str(two_sounds)) == 0
    start = next(e for e in read_events(tmp_path / "run" / "events.jsonl") if e["event"] == "start")
    assert start["replayed"] == read_run(tmp_path / "run")["replayed"] > 0


def test_a_first_word_of_several_tokens_or_of_none_is_told(owls, tiny_base, tmp_path, capsys):
    line = ("--method", "textual_inversion", "--trigger", "owl")
    assert run(owls, tiny_base, tmp_path / "a", *line, "--initial-word", "") == 2
    assert "--initial-word is empty" in capsys.readouterr().err
    assert run(owls, tiny_base, tmp_path / "a", *line, "--initial-word", "tawny owl", "--vectors", "1") == 2
    assert "Use --vectors " in capsys.readouterr().err
