"""Fine-tune without a page: uploads, verdicts, runs as programs, publishing and jobs on a loopback Hub."""

import json
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from space.checking import check_rows, summary, verdicts_html
from space.clips import ClipStore
from space.collected import collect
from space.finetune_views import loss_html, progress_html, samples_html
from space.methods import LONGEST_NAME, METHODS, minutes_told, options_of
from space.places import Places, checked
from space.publishing import publish, three_lines
from space.training_runs import RunState, TrainingRuns, seconds_left
from spectrogram.params import SpectrogramParams
from spectrogram.problems import EnvironmentProblem, Problem, UsageProblem
from tests.loopback_hub import LoopbackHub

ROOT = Path(__file__).resolve().parents[2]


def write_noise(path, seconds=2.0, level=0.1, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.random.default_rng(seed).normal(0, level, round(seconds * 24000)), 24000)
    return str(path)


def test_a_zip_with_a_table_gives_rows_and_names_what_was_left_out(tmp_path):
    write_noise(tmp_path / "in/sounds/a.wav")
    write_noise(tmp_path / "in/sounds/b.wav", seed=1)
    (tmp_path / "in/metadata.csv").write_text(
        "file_name,caption,label\nsounds/a.wav,an owl,owl\nsounds/b.wav,two owls,owl\n"
    )
    (tmp_path / "in/notes.docx").write_text("x")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for path in sorted((tmp_path / "in").rglob("*.*")):
            archive.write(path, path.relative_to(tmp_path / "in"))
    collected = collect([str(tmp_path / "set.zip")], tmp_path / "upload")
    assert [row[1:] for row in collected.rows] == [["an owl", "owl"], ["two owls", "owl"]]
    assert collected.notes == ["notes.docx: neither sound nor captions"]


def test_texts_beside_sounds_are_captions_and_plain_names_are_first_captions(tmp_path):
    files = [write_noise(tmp_path / "tawny_owl_03.wav"), write_noise(tmp_path / "b.wav", seed=1)]
    assert collect(files[:1], tmp_path / "one").rows[0][1] == "tawny owl"
    (tmp_path / "b.txt").write_text("a barn owl shrieks\n")
    assert collect([files[1], str(tmp_path / "b.txt")], tmp_path / "two").rows[0][1] == "a barn owl shrieks"


def test_a_zip_never_writes_outside_its_folder(tmp_path):
    sound = write_noise(tmp_path / "a.wav")
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.write(sound, "../../evil.wav")
        archive.write(sound, "/etc/evil.wav")
        archive.write(sound, "x" * 300 + ".wav")
        archive.write(sound, "good.wav")
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    rows = collect([str(tmp_path / "evil.zip")], tmp_path / "deep/er/upload").rows
    made = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    # The zip's own writer turned /etc into etc: a name inside the folder.
    assert len(rows) == 3
    assert all((tmp_path / "deep/er/upload") in path.parents for path in made)


def test_uploads_without_a_sound_or_with_a_broken_zip_are_refused(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK no zip")
    with pytest.raises(Problem, match="cannot be unpacked"):
        collect([str(tmp_path / "a.zip")], tmp_path / "upload")
    with pytest.raises(Problem, match="no sound was found"):
        collect([], tmp_path / "upload")


@pytest.mark.parametrize("name", ["../x", "", "A b", "x" * 50, "-a", "a/b", "a\x00"])
def test_names_that_could_lead_elsewhere_are_refused(name):
    with pytest.raises(UsageProblem, match="small letters"):
        checked(name)


def test_every_row_gets_a_verdict_and_the_kept_ones_are_a_dataset(tmp_path):
    store, upload = ClipStore(tmp_path / "clips"), tmp_path / "upload"
    files = [write_noise(tmp_path / f"owl_{i}.wav", seed=i) for i in range(4)]
    files += [write_noise(tmp_path / "silent.wav", level=0.0), write_noise(tmp_path / "short.wav", seconds=0.3)]
    rows = collect(files, upload).rows
    *progress, verdicts = check_rows(rows, upload, tmp_path / "datasets/owls", "mini")
    assert progress[-1] == (6, 6)
    assert {verdict.file.split("-")[0]: verdict.reason for verdict in verdicts if verdict.reason} == {
        "silent.wav": "silent",
        "short.wav": "short",
    }
    told, notes = summary(verdicts)
    assert told == "Kept 4 of 6."
    assert "4 clips are few" in notes[0]
    assert verdicts_html(verdicts, store).count("<audio") == 6
    assert list(Places(tmp_path / "runs", tmp_path / "datasets").datasets()) == ["owls"]


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


def test_the_time_left_follows_the_pace_of_the_last_steps():
    steps = [{"step": i, "seconds": 10 + 0.5 * i} for i in range(1, 11)]
    assert seconds_left(steps, 30) == pytest.approx(10)
    assert seconds_left(steps[:1], 30) is None


def test_the_loss_is_a_picture_with_words():
    state = RunState("owl", "running", 3, 10, [(1, 1.0), (2, 0.5), (3, 0.4)])
    assert "from 1.000 to" in loss_html(state)
    assert loss_html(RunState("owl", "running")) == ""


def test_publishing_needs_a_name_a_token_and_an_adapter(tmp_path):
    run = tmp_path / "owl"
    run.mkdir()
    with pytest.raises(Problem, match="no adapter yet"):
        publish(run, "ann/owl", "x")
    (run / "pytorch_lora_weights.safetensors").touch()
    with pytest.raises(UsageProblem, match="USER/NAME"):
        publish(run, "owl", "x")
    with pytest.raises(EnvironmentProblem, match="sign in"):
        publish(run, "ann/owl", None)
    assert 'load_lora_weights("ann/owl")' in three_lines("ann/owl", None)


PROGRAM = """
import json, sys
from pathlib import Path
from space.{module} import {function}
print(json.dumps(str({call})))
"""


def on_loopback_hub(hub, module, function, call):
    """Run one call in a program of its own whose Hub is the loopback one; its result as text."""
    import os
    import subprocess
    from pathlib import Path

    settings = {"HF_ENDPOINT": hub.address, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(module=module, function=function, call=call)],
        cwd=Path(__file__).resolve().parents[2],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


RUN = {
    "settings": {"steps": 1, "batch": 1, "rank": 4, "targets": "attention", "rate": 1e-4, "seed": 0, "precision": "no",
                 "trigger": "", "method": "lora"},
    "base": "base_model",
    "dataset": {"name": "owls", "train": 9, "validation": 1},
    "licences": {"CC0": 10},
    "spectrogram_params": SpectrogramParams.preset("mini").to_dict(),
    "prediction_type": "v_prediction",
    "trainable_parameters": 10,
    "validation": {step: {"loss": 1.0, "standard_error": 0.1, "clips": 1} for step in ("0", "1")},
    "seconds": {"cache": 1.0, "train": 2.0},
    "versions": {"torch": "2"},
}  # fmt: skip


def test_a_run_is_published_privately_with_its_card_and_without_its_checkpoints(tmp_path):
    run = tmp_path / "owl"
    (run / "samples").mkdir(parents=True)
    (run / "checkpoints").mkdir()
    (run / "pytorch_lora_weights.safetensors").write_bytes(b"weights")
    (run / "checkpoints" / "state.bin").write_bytes(b"large")
    (run / "samples" / "after-0.wav").write_bytes(b"sound")
    (run / "run.json").write_text(json.dumps(RUN))
    with LoopbackHub() as hub:
        address = on_loopback_hub(hub, "publishing", "publish", f"publish(Path({str(run)!r}), 'u/x', 'hf_x')")
    assert address.startswith(hub.address)
    assert hub.created[0]["visibility"] == "private"
    assert set(hub.files) == {"pytorch_lora_weights.safetensors", "samples/after-0.wav", "run.json", "README.md"}


def test_a_job_carries_its_token_as_a_secret_and_its_words_apart(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train-0.parquet").write_bytes(b"rows")
    with LoopbackHub() as hub:
        options = {"steps": 300, "trigger": "x; rm -rf /"}
        call = f"start_job(Path({str(tmp_path)!r}), 'owl', {options!r}, 'ann', 'hf_secret', 'lab/sounds')"
        told = on_loopback_hub(hub, "hub_job", "start_job", call)
    job = hub.jobs[0]
    assert "hf_secret" not in json.dumps(job["command"])
    assert job["secrets"] == {"HF_TOKEN": "hf_secret"}
    assert job["command"][-4:] == ["--steps", "300", "--trigger", "x; rm -rf /"]
    assert job["command"][3:7] == ["train", "lab/sounds", "ann/owl", "owl"]
    assert hub.created[0]["visibility"] == "private"
    assert "job-1" in told


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
        (("full", "Quick", "owl", "", ""), "there is no method"),
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
    rows = []
    for tag in ("after", "step-000200", "before", "step-000100"):
        write_noise(folder / f"{tag}-0.wav", seconds=0.1)
        rows.append({"prompt": "an owl", "seed": 0, "tag": tag, "file": f"{tag}-0.wav"})
    (folder / "samples.json").write_text(json.dumps(rows))
    shown = samples_html(tmp_path, ClipStore(tmp_path / "clips"))
    assert re.findall(r"<label>([\w ]+?) <", shown) == ["Before", "Step 100", "Step 200", "After"]
