"""A whole LoRA run on a random model: what it writes, that it learns, and that stock diffusers reads it."""

import json
import math
import re

import pytest
import torch

from spectrogram.params import SpectrogramParams
from training import __main__ as command
from training.loop.draws import Draws
from training.record.run_file import read_events
from training.settings import TrainSettings

STEPS = 24


@pytest.fixture(scope="module")
def finished(owls, tiny_base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "owl"
    arguments = [str(owls), "--out", str(folder), "--base", str(tiny_base), "--steps", str(STEPS), "--batch", "4"]
    more = [
        "--replay",
        "0",
        "--accumulate",
        "2",
        "--warmup-steps",
        "4",
        "--validate-every",
        "12",
        "--samples",
        "1",
        "--rate",
        "5e-3",
    ]
    assert command.main([*arguments, *more, "--targets", "wide", "--trigger", "tawny", "--precision", "no"]) == 0
    return folder


def test_the_validation_loss_falls(finished):
    losses = [e["loss"] for e in read_events(finished / "events.jsonl") if e["event"] == "validation"]
    assert len(losses) == 3
    assert losses[-1] < losses[0]


def test_the_learning_rate_counts_optimizer_steps_not_forward_passes(finished):
    rates = [e["rate"] for e in read_events(finished / "events.jsonl") if e["event"] == "step"]
    assert len(rates) == STEPS
    assert rates[:4] == pytest.approx([5e-3 * share for share in (0.25, 0.5, 0.75, 1.0)])
    assert rates[4:12] == [5e-3] * 8
    assert rates[-1] < 0.1 * 5e-3


def test_no_file_of_a_finished_run_names_a_folder_of_this_machine(finished, tiny_base):
    """Settings that are published, and the log: the base lies somewhere here, which is nobody's business."""
    told = {name: (finished / name).read_text() for name in ("settings.yaml", "run.json", "events.jsonl")}
    assert {name for name, text in told.items() if str(tiny_base.parent) in text} == set()
    assert "base: tiny\n" in told["settings.yaml"]
    tensorboard = b"".join(path.read_bytes() for path in finished.rglob("*tfevents*"))
    assert str(tiny_base.parent).encode() not in tensorboard


def test_the_adapter_carries_codec_parameters_and_trigger_in_its_header(finished):
    from safetensors import safe_open

    file = finished / "pytorch_lora_weights.safetensors"
    with safe_open(file, framework="pt") as weights:
        header = weights.metadata()
    assert header["trigger"] == "tawny"
    assert SpectrogramParams.from_lora(file) == SpectrogramParams.preset("mini")


def test_stock_diffusers_loads_every_layer_of_the_adapter(finished, tiny_base):
    from diffusers import StableDiffusionPipeline
    from safetensors.torch import load_file

    pipeline = StableDiffusionPipeline.from_pretrained(tiny_base, safety_checker=None)
    pipeline.load_lora_weights(finished)
    loaded = {n: p for n, p in pipeline.unet.named_parameters() if "lora_" in n}
    saved = load_file(finished / "pytorch_lora_weights.safetensors")
    assert len(loaded) == len(saved)
    assert {math.isclose(p.abs().sum().item(), 0) for n, p in loaded.items() if "lora_B" in n} == {False}
    assert sum(p.double().sum() for p in loaded.values()).item() == pytest.approx(
        sum(t.double().sum() for t in saved.values()).item(), rel=1e-5
    )


def test_run_json_states_what_was_done(finished):
    run = json.loads((finished / "run.json").read_text())
    assert run["settings"]["steps"] == STEPS
    assert run["validation"]["24"]["loss"] < run["validation"]["0"]["loss"]
    assert run["licences"] == {"CC0 1.0": run["dataset"]["train"]}
    assert TrainSettings(**run["settings"]).targets == "wide"


def test_samples_before_and_after_share_prompt_and_seed(finished):
    rows = json.loads((finished / "samples" / "samples.json").read_text())
    assert [row["tag"] for row in rows] == ["before", "after"]
    assert rows[0]["prompt"] == rows[1]["prompt"]
    assert rows[0]["seed"] == rows[1]["seed"]
    sounds = [(finished / "samples" / row["file"]).read_bytes() for row in rows]
    assert sounds[0] != sounds[1]


def test_processes_share_a_round_without_seeing_a_clip_twice():
    draws = Draws(range(12), [], 3, 0.0, seed=1)
    seen = torch.cat([draws.batch(number) for number in range(4)]).tolist()
    assert sorted(seen) == list(range(12))


def test_a_share_of_each_batch_is_replayed_and_the_rest_is_taught():
    draws = Draws(range(10), range(100, 140), 8, 0.25, seed=1)
    for number in range(5):
        batch = draws.batch(number).tolist()
        assert sum(clip >= 100 for clip in batch) == 2
        assert len(set(batch)) == 8


def test_a_wrong_setting_ends_with_code_two_and_says_what_is_allowed(owls, tmp_path, capsys):
    assert command.main([str(owls), "--out", str(tmp_path), "--caption-dropout", "3"]) == 2
    assert "caption_dropout is 3.0 (expected between 0 and 1). Change --caption-dropout" in capsys.readouterr().err


def test_a_loss_that_is_no_number_ends_with_code_six(owls, tiny_base, tmp_path, capsys):
    arguments = [str(owls), "--out", str(tmp_path / "run"), "--base", str(tiny_base), "--steps", "40", "--batch", "4"]
    arguments += ["--replay", "0"]
    assert (
        command.main([*arguments, "--precision", "no", "--rate", "1e30", "--clip-norm", "1e30", "--warmup-steps", "1"])
        == 6
    )
    told = capsys.readouterr().err
    assert "Lower --rate" in told
    assert re.search(r"step \d+: loss \S+, gradient norm \S+ at rate 1e\+30, files \S+", told)
    assert not list(tmp_path.rglob("pytorch_lora_weights.safetensors"))
