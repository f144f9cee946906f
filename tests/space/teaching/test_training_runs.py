"""Runs as programs of their own, and the methods that they teach with, without a page."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from space.store.clips import ClipStore
from space.store.places import Places, checked
from space.tabs.finetune_views import progress_html, samples_html
from space.teaching.methods import LONGEST_NAME, METHODS, minutes_told, options_of
from space.teaching.runs import TrainingRuns
from spectrogram.problems import UsageProblem

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """TrainingRuns whose program is a small one with the trainer's habits: events, SIGTERM, weights at the end."""
    trainer = tmp_path / "trainer.py"
    trainer.write_text(TRAINER)
    runs = TrainingRuns(Places(tmp_path / "runs", tmp_path / "datasets"))
    monkeypatch.setattr(runs, "program", (sys.executable, str(trainer)))
    return runs


TRAINER = """
import json, pathlib, sys, time
out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1]); out.mkdir(parents=True, exist_ok=True)
steps = int(sys.argv[sys.argv.index("--steps") + 1])
log = open(out / "events.jsonl", "w", buffering=1)
tell = lambda event, **more: log.write(json.dumps({"event": event, "seconds": time.monotonic(), **more}) + "\\n")
tell("start", settings={"steps": steps})
if "crash" in sys.argv: raise SystemExit("the disk is full")
for step in range(steps):
    tell("step", step=step + 1, loss=1 / (step + 1)); time.sleep(0.02)
(out / "pytorch_lora_weights.safetensors").touch()
tell("end")
"""


def wait_for(runs, name, phase):
    for _ in range(600):
        state = runs.state(name)
        if state.phase == phase:
            return state
        time.sleep(0.05)
    pytest.fail(f"{state}")


def test_a_run_is_watched_from_its_files_and_ends_done(runs, tmp_path):
    assert runs.state("owl").phase == "none"
    runs.start("owl", tmp_path / "data", {"steps": 5})
    state = wait_for(runs, "owl", "done")
    assert (state.step, state.total, len(state.losses)) == (5, 5, 5)
    assert TrainingRuns(runs.places).state("owl").phase == "done"
    assert "is ready" in progress_html(state)


def test_a_run_outlives_the_page_is_stopped_and_resumed(runs, tmp_path):
    runs.start("owl", tmp_path / "data", {"steps": 2000})
    after_a_restart = TrainingRuns(runs.places)
    assert after_a_restart.latest() == "owl"
    for _ in range(200):
        if after_a_restart.state("owl").step > 2:
            break
        time.sleep(0.05)
    assert after_a_restart.state("owl").seconds_left > 1
    with pytest.raises(UsageProblem, match="still training"):
        runs.start("other", tmp_path / "data", {"steps": 1})
    after_a_restart.stop("owl")
    state = wait_for(runs, "owl", "stopped")
    assert 2 < state.step < 2000
    runs.resume("owl")
    assert runs.state("owl").phase == "running"
    runs.stop("owl")
    wait_for(runs, "owl", "stopped")


def test_a_crash_shows_the_end_of_the_log(runs, tmp_path):
    runs.start("owl", tmp_path / "data", {"steps": 3, "crash": "crash"})
    state = wait_for(runs, "owl", "failed")
    assert "the disk is full" in state.log_tail
    assert "ended early" in progress_html(state)


def test_the_page_offers_methods_and_flags_that_the_trainer_has():
    done = subprocess.run(
        [sys.executable, "-m", "training", "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    offered = re.search(r"--method \{([\w,]+)\}", done.stdout)[1].split(",")
    for name, method in METHODS.items():
        assert name in offered
        for length in method.lengths:
            flags = options_of(name, length, "owl", "zorb", "a bird calling")
            assert {f"--{flag.replace('_', '-')} " for flag in flags} <= set(re.findall(r"--[\w-]+ ", done.stdout))


def test_each_method_gets_its_words_and_a_run_of_its_own():
    assert options_of("dreambooth", "Quick", "owl", "", "a bird calling") == {
        "method": "dreambooth", "steps": 100, "trigger": "sks", "class_prompt": "a bird calling"
    }  # fmt: skip
    assert options_of("textual_inversion", "Quick", "owl", "", "")["trigger"] == "owl"
    assert "trigger" not in options_of("lora", "Standard", "owl", "", "")
    assert options_of("lora", "Standard", "owl", "", "")["sample_every"] == 100
    assert options_of("aesthetic", "Long", "owl", "", "")["aesthetic_through"] == "picture"
    names = {method.run_name("x" * LONGEST_NAME) for method in METHODS.values()}
    assert len(names) == len(METHODS)
    assert all(checked(name) == name for name in names)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("dreambooth", "Quick", "owl", "sks", ""), "what kind of sound"),
        (("textual_inversion", "Quick", "owl", "../x", ""), "trigger word cannot be used"),
        (("lora", "Quick", "owl", "--fresh", ""), "trigger word cannot be used"),
        (("full", "Quick", "owl", "", ""), "There is no method"),
    ],
)
def test_words_that_a_method_cannot_use_are_named(given, told):
    with pytest.raises(UsageProblem, match=told):
        options_of(*given)


def test_the_minutes_are_a_guess_until_a_run_of_that_method_was_measured(tmp_path):
    places = Places(tmp_path / "runs", tmp_path / "datasets")
    assert "300 steps, about 2 min (a guess" in minutes_told(places, "lora", "Standard")
    assert "About 1 min" in minutes_told(places, "aesthetic", "Quick")
    (tmp_path / "runs/owl").mkdir(parents=True)
    facts = {"settings": {"method": "lora", "steps": 100}, "seconds": {"cache": 60.0, "train": 200.0}}
    (tmp_path / "runs/owl/run.json").write_text(json.dumps(facts))
    assert minutes_told(places, "lora", "Standard") == "300 steps, about 11 min (measured on this machine)."
    assert "a guess" in minutes_told(places, "dreambooth", "Standard")


def test_what_happens_before_the_first_step_is_told_from_the_trainers_log(runs, tmp_path):
    (tmp_path / "trainer.py").write_text(
        "import time\nprint('caching latents 40/40', flush=True)\nprint('replay 21/70', flush=True)\ntime.sleep(60)\n"
    )
    runs.start("owl", tmp_path / "data", {"steps": 5})
    while not runs.state("owl").stage.startswith("replay"):
        time.sleep(0.05)
    assert "so that it is kept, 21/70" in progress_html(runs.state("owl"))
    runs.stop("owl")


def test_a_run_is_rehearsed_first_and_what_was_found_is_told(runs, tmp_path):
    (tmp_path / "trainer.py").write_text(
        "import time\nprint('rehearsal: validation 1/1', flush=True)\ntime.sleep(3)\n"
        "print('expected: 12 min (0.20 h)\\nthis will fit: 1 of 4 GiB\\ntraining 1/5', flush=True)\ntime.sleep(60)\n"
    )
    runs.start("owl", tmp_path / "data", {"steps": 5})
    assert "--rehearse-first" in runs.children["owl"].args
    while not runs.state("owl").stage:
        time.sleep(0.05)
    assert "to see that it fits and how long it takes (validation)" in progress_html(runs.state("owl"))
    while not runs.state("owl").expected:
        time.sleep(0.05)
    assert "it fits, and takes about 12 min" in progress_html(runs.state("owl"))
    runs.stop("owl")
    wait_for(runs, "owl", "stopped")


def test_a_finished_or_changed_run_begins_anew_and_a_stopped_one_goes_on(runs, tmp_path):
    for options, fresh in (({"steps": 2}, True), ({"steps": 2}, True), ({"steps": 3}, True)):
        runs.start("owl", tmp_path / "data", options)
        assert ("--fresh" in runs.children["owl"].args) is fresh
        wait_for(runs, "owl", "done")
    runs.start("owl", tmp_path / "data", {"steps": 2000})
    while runs.state("owl").step < 2:
        time.sleep(0.05)
    runs.stop("owl")
    wait_for(runs, "owl", "stopped")
    runs.start("owl", tmp_path / "data", {"steps": 2000})
    assert "--fresh" not in runs.children["owl"].args
    runs.stop("owl")
    wait_for(runs, "owl", "stopped")
    assert runs.names() == ["owl"]
    assert runs.taught_by("owl") == ("data", "lora")


def test_samples_stand_in_the_order_in_which_they_were_made(tmp_path):
    folder = tmp_path / "samples"
    folder.mkdir()
    rows = []
    for tag in ("after", "step-000200", "before", "step-000100"):
        soundfile.write(folder / f"{tag}-0.wav", np.zeros(2400), 24000)
        rows.append({"prompt": "an owl", "seed": 0, "tag": tag, "file": f"{tag}-0.wav"})
    (folder / "samples.json").write_text(json.dumps(rows))
    shown = samples_html(tmp_path, ClipStore(tmp_path / "clips"))
    assert re.findall(r"<label>([\w ]+?) <", shown) == ["Before", "Step 100", "Step 200", "After"]
