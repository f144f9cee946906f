"""Whole runs that are stopped, damaged, poisoned or starved, and go on as if nothing had been."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from training.data import latents
from training.data.dataset import read
from training.flags import settings_of
from training.loop import loop
from training.record.run_file import read_events
from training.run import Stages, train

ROOT = Path(__file__).resolve().parents[3]
FEW = {"steps": 8, "batch": 4, "warmup_steps": 2, "precision": "no", "samples": 0, "validate_every": 4,
       "checkpoint_every": 3, "rate": 1e-3, "tracker": "none", "replay": 0.0}  # fmt: skip


@pytest.fixture(scope="module")
def few(tiny_base):
    def settings(**changes):
        return settings_of({**FEW, "base": str(tiny_base), **changes})

    return settings


def losses(folder):
    return {e["step"]: e["loss"] for e in read_events(folder / "events.jsonl") if e["event"] == "step"}


@pytest.fixture(scope="module")
def unbroken(few, owls, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unbroken") / "run"
    train(few(), owls, folder)
    return folder


class SignalAt(Stages):
    """Sends this process a signal once a step is done."""

    def __init__(self, step):
        self.step = step

    def update(self, stage, done, total, note="", part=0.0):
        if stage == "training" and done == self.step:
            os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("values", [{"groups": [1]}, {"scalars": 5}, {"validations": {"x": 1}}])
def test_a_checkpoint_of_values_that_fit_no_run_is_a_sentence(few, owls, tmp_path, values):
    folder = tmp_path / "run"
    with pytest.raises(ValueError, match="saved at step 3 of 8"):
        train(few(), owls, folder, SignalAt(3))
    (path,) = folder.glob("checkpoints/*/manifest.json")
    told = json.loads(path.read_text())
    told["values"] |= values
    path.write_text(json.dumps(told | {"own": ""}))
    with pytest.raises(ValueError, match=r"step-000003 does not fit this run .* an earlier one is used"):
        train(few(), owls, folder)


def test_a_run_stopped_by_a_signal_is_saved_and_goes_on_bit_for_bit(few, owls, unbroken, tmp_path):
    folder = tmp_path / "run"
    with pytest.raises(ValueError, match="saved at step 5 of 8") as stopped:
        train(few(), owls, folder, SignalAt(5))
    assert stopped.value.exit_code == 130
    assert sorted(losses(folder)) == [1, 2, 3, 4, 5]
    train(few(), owls, folder)
    assert losses(folder) == losses(unbroken)
    kinds = [e["event"] for e in read_events(folder / "events.jsonl")]
    assert kinds.count("start") == kinds.count("resume") == kinds.count("end") == 1
    saved = [load_file(f / "pytorch_lora_weights.safetensors") for f in (folder, unbroken)]
    assert all(torch.equal(saved[0][name], saved[1][name]) for name in saved[1])


def test_a_damaged_newest_checkpoint_is_told_and_the_older_one_leads_to_the_same_end(few, owls, unbroken, tmp_path):
    folder = tmp_path / "run"
    with pytest.raises(ValueError, match="saved at step 5"):
        train(few(), owls, folder, SignalAt(5))
    (folder / "checkpoints" / "step-000005" / "optimizer.safetensors").write_bytes(b"cut")
    with open(folder / "events.jsonl", "a", encoding="utf-8") as log:
        log.write('{"event": "st')
    train(few(), owls, folder)
    events = read_events(folder / "events.jsonl")
    assert [e["step"] for e in events if e["event"] == "resume"] == [3]
    assert "step-000005 is not used: optimizer.safetensors" in next(e["text"] for e in events if e["event"] == "note")
    assert losses(folder) == losses(unbroken)


def test_other_settings_are_refused_with_their_names_and_can_be_forced(few, owls, unbroken, tmp_path):
    with pytest.raises(ValueError, match=r"other rate \(0\.001 then, 0\.002 now\)") as refused:
        train(few(rate=2e-3), owls, unbroken)
    assert refused.value.exit_code == 2
    train(few(steps=9), owls, unbroken, force=True)
    assert max(losses(unbroken)) == 9


def test_what_changes_nothing_may_differ_at_a_resume(few, owls, tmp_path):
    folder = tmp_path / "run"
    with pytest.raises(ValueError, match="saved at step 2"):
        train(few(), owls, folder, SignalAt(2))
    train(few(validate_every=2, checkpoint_every=5), owls, folder)
    assert max(losses(folder)) == 8


def poison(monkeypatch, clips):
    """Latents of some clips are no numbers, as a broken picture or VAE would leave them."""
    filled = latents.cache

    def poisoned(*arguments, **others):
        cached = filled(*arguments, **others)
        cached.mean[clips] = float("nan")
        return cached

    monkeypatch.setattr(latents, "cache", poisoned)


def test_a_batch_without_a_finite_loss_is_skipped_named_and_the_run_ends_well(few, owls, tmp_path, monkeypatch):
    poison(monkeypatch, [0])
    train(few(batch=2, skip_limit=6), owls, tmp_path / "run")
    skipped = [e for e in read_events(tmp_path / "run" / "events.jsonl") if e["event"] == "skipped"]
    assert 1 <= len(skipped) <= 6
    assert all(read(owls, seed=0).names[0] in e["files"] for e in skipped)


def test_too_many_of_them_end_with_six_and_say_step_files_and_rate(few, owls, tmp_path, monkeypatch):
    poison(monkeypatch, slice(None))
    with pytest.raises(ValueError, match=r"step 3: loss nan, .* at rate 0\.001, files .*000\d+_owl") as failure:
        train(few(skip_limit=2), owls, tmp_path / "run")
    assert failure.value.exit_code == 6
    assert not list((tmp_path / "run").rglob("*.safetensors"))
    assert read_events(tmp_path / "run" / "events.jsonl")[-1]["event"] == "error"


def starve(monkeypatch, largest):
    """Passes of more than ``largest`` clips do not fit, as on a small GPU."""
    computed = loop.squared_errors

    def limited(model, scheduler, clips, *others):
        if model.training and len(clips) > largest:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return computed(model, scheduler, clips, *others)

    monkeypatch.setattr(loop, "squared_errors", limited)


def test_out_of_memory_says_what_to_try_and_keeps_what_was_trained(few, owls, tmp_path, monkeypatch):
    starve(monkeypatch, 2)
    with pytest.raises(ValueError, match=r"step 1: batch 4 of 256 x 128.*--batch 2 --accumulate 2") as failure:
        train(few(), owls, tmp_path / "run")
    assert failure.value.exit_code == 5
    assert (tmp_path / "run" / "checkpoints" / "step-000000" / "manifest.json").exists()


def test_out_of_memory_halves_the_batch_and_goes_on_when_asked(few, owls, tmp_path, monkeypatch):
    starve(monkeypatch, 1)
    train(few(halve_on_oom=True), owls, tmp_path / "run")
    notes = [e["text"] for e in read_events(tmp_path / "run" / "events.jsonl") if e["event"] == "note"]
    assert notes == [
        "out of memory: from step 1 on batch 2, accumulate 2",
        "out of memory: from step 1 on batch 1, accumulate 4",
    ]
    assert max(losses(tmp_path / "run")) == 8


def test_a_second_training_of_a_folder_is_refused_with_the_holders_number(few, owls, tmp_path):
    from training.loop.lock import locked

    with locked(tmp_path), pytest.raises(ValueError, match=f"locked by pid {os.getpid()}"):
        train(few(), owls, tmp_path)


def test_two_processes_follow_the_rates_and_losses_of_one_that_accumulates(few, owls, tiny_base, tmp_path):
    """One optimizer step is one point of the curve: 2 processes x 1 pass = 1 process x 2 passes, same clips."""
    one, two = tmp_path / "one", tmp_path / "two"
    train(few(batch=2, accumulate=2), owls, one)
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in {**FEW, "batch": 2, "base": tiny_base}.items()]
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "training"]
    launch += [str(owls), "--out", str(two), *flags]
    done = subprocess.run(launch, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-3000:]
    rates = {f: [e["rate"] for e in read_events(f / "events.jsonl") if e["event"] == "step"] for f in (one, two)}
    assert rates[one] == rates[two]
    assert rates[one][:3] == [5e-4, 1e-3, 1e-3]
    assert losses(two) == pytest.approx(losses(one), rel=2e-4)
    assert json.loads((two / "run.json").read_text())["validation"]["8"]["loss"] == pytest.approx(
        json.loads((one / "run.json").read_text())["validation"]["8"]["loss"], rel=1e-3
    )
