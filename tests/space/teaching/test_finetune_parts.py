"""Fine-tune without a page: uploads, verdicts, runs as programs, publishing and jobs on a loopback Hub."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from model_card.push import push
from model_card.taught import three_lines
from space.parts.chart import loss_html
from space.store.clips import ClipStore
from space.store.places import Places, checked
from space.store.uploads import collect
from space.teaching.checking import check_rows, summary, verdicts_html
from space.teaching.hub_job import SCRIPT
from space.teaching.runs import RunState, seconds_left
from spectrogram.params import SpectrogramParams
from spectrogram.problems import Problem, UsageProblem
from tests.loopback_hub import LoopbackHub

ROOT = Path(__file__).resolve().parents[3]


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
    with pytest.raises(Problem, match="No sound was found"):
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


def test_the_time_left_follows_the_pace_of_the_last_steps():
    steps = [{"step": i, "seconds": 10 + 0.5 * i} for i in range(1, 11)]
    assert seconds_left(steps, 30) == pytest.approx(10)
    assert seconds_left(steps[:1], 30) is None


def test_the_loss_is_a_picture_with_words():
    state = RunState("owl", "running", 3, 10, [(1, 1.0), (2, 0.5), (3, 0.4)])
    assert "from 1.000 to" in loss_html(state)
    assert loss_html(RunState("owl", "running")) == ""


def test_publishing_needs_a_name_and_an_adapter(tmp_path):
    run = tmp_path / "owl"
    run.mkdir()
    with pytest.raises(Problem, match="no adapter yet"):
        push(run, "ann/owl", token="x")
    (run / "pytorch_lora_weights.safetensors").touch()
    with pytest.raises(UsageProblem, match="USER/NAME"):
        push(run, "owl", token="x")
    assert 'load_lora_weights("ann/owl")' in three_lines("ann/owl", None)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"method": "textual_inversion"}, 'pipe.load_textual_inversion("ann/owl")'),
        (
            {"method": "aesthetic", "aesthetic_through": "picture"},
            'pipe.load_aesthetic(hf_hub_download("ann/owl", "aesthetic.safetensors"), through="picture")',
        ),
    ],
)
def test_the_python_that_is_shown_loads_what_the_method_made(settings, said):
    lines = three_lines("ann/owl", None, settings, 'the sound of "<owl>"')
    assert said in lines
    compile(lines, "shown", "exec")


PROGRAM = """
import json, sys
from pathlib import Path
from {module} import {function}
print(json.dumps(str({call})))
"""


def on_loopback_hub(hub, module, function, call):
    """Run one call in a program of its own whose Hub is the loopback one; its result as text."""
    import os
    from pathlib import Path

    settings = {"HF_ENDPOINT": hub.address, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(module=module, function=function, call=call)],
        cwd=Path(__file__).resolve().parents[3],
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
        address = on_loopback_hub(hub, "model_card.push", "push", f"push(Path({str(run)!r}), 'u/x', token='hf_x')")
    assert address.startswith(hub.address)
    assert hub.created[0]["visibility"] == "private"
    assert set(hub.files) == {"pytorch_lora_weights.safetensors", "samples/after-0.wav", "run.json", "README.md"}


def test_a_job_carries_its_token_as_a_secret_and_its_words_apart(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train-0.parquet").write_bytes(b"rows")
    with LoopbackHub() as hub:
        options = {"steps": 300, "trigger": "x; rm -rf /"}
        call = f"start_job(Path({str(tmp_path)!r}), 'owl', {options!r}, 'ann', 'hf_secret', 'lab/sounds')"
        told = on_loopback_hub(hub, "space.teaching.hub_job", "start_job", call)
    job = hub.jobs[0]
    assert "hf_secret" not in json.dumps(job["command"])
    assert job["secrets"] == {"HF_TOKEN": "hf_secret"}
    assert job["command"][-4:] == ["--steps", "300", "--trigger", "x; rm -rf /"]
    assert job["command"][3:8] == ["train", "lab/sounds", "ann/owl", "owl", "0.4"]
    assert hub.created[0]["visibility"] == "private"
    assert "job-1" in told


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize(("code", "published"), [(0, True), (5, False)])
def test_a_job_rehearses_before_it_trains_and_what_does_not_fit_ends_it(code, published, tmp_path):
    """The job's own script; the two programs that it finds only on the Hub write down what they are asked."""
    asked = tmp_path / "asked"
    for name, ends in (("uv", f'case "$*" in *"-m training"*) exit {code};; esac'), ("hf", "")):
        (tmp_path / name).write_text(f'#!/bin/sh\necho "{name} $*" >> "{asked}"\n{ends}\n')
        (tmp_path / name).chmod(0o755)
    script = SCRIPT.replace("cd /work", f"cd {tmp_path}")
    line = ["bash", "-euc", script, "train", "lab/sounds", "ann/owl", "owl", "0.4", "--steps", "300"]
    done = subprocess.run(line, env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    told = asked.read_text()
    trained = "-m training ann/owl --out runs/owl --rehearse-first --price 0.4 --steps 300"
    assert trained in told
    assert done.returncode == code
    assert ("model_card runs/owl" in told) == ("hf upload ann/owl" in told) == published
