"""Damaged files of a run never break the page: what can be read is shown, the rest is left out."""

import json

import pytest

from space.store.places import Places
from space.tabs.finetune_views import samples_html
from space.teaching.methods import minutes_told
from space.teaching.runs import TrainingRuns, facts_of, read_events
from spectrogram.files import json_file
from spectrogram.problems import EnvironmentProblem

DAMAGED = ["", "{", "null", "[]", "7", '{"settings": 3}', '{"settings": {"steps": "x"}}', "[" * 20_000, "\x00"]


@pytest.fixture
def runs(tmp_path):
    made = TrainingRuns(Places(tmp_path / "runs", tmp_path / "datasets"))
    made.notes.mkdir(parents=True)
    return made


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_note_blocks_no_other_run(runs, text):
    (runs.notes / "torn.json").write_text(text)
    assert runs.running() is None
    assert runs.state("torn").phase == "none"
    assert runs.taught_by("torn") == ("torn", "lora")


@pytest.mark.parametrize("text", DAMAGED)
@pytest.mark.parametrize("name", ["run.json", "samples/samples.json", "events.jsonl"])
def test_a_damaged_file_of_a_run_is_left_out(runs, text, name):
    note = {"command": [], "steps": 3, "pid": 1, "begun": None, "stopped": True}
    (runs.notes / "owl.json").write_text(json.dumps(note))
    path = runs.places.run("owl") / name
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert runs.state("owl").phase == "stopped"
    assert runs.heard_with("owl") is None
    assert facts_of(runs.places.run("owl"))["seconds"] == {"cache": 0.0, "train": 0.0}
    assert samples_html(runs.places.run("owl"), None) == ""
    assert "min" in minutes_told(runs.places, "lora", "Standard")


def test_of_a_log_with_damaged_lines_the_others_are_read(tmp_path):
    lines = ['{"event": "start", "settings": {"steps": 9}}', "{", '{"event": "step"}', "null", '{"event": "start"}']
    lines += [
        '{"event": "step", "step": 1, "seconds": 2, "loss": null}',
        '{"event": "step", "step": "x", "seconds": 2}',
    ]
    (tmp_path / "events.jsonl").write_text("\n".join(lines))
    assert [event["event"] for event in read_events(tmp_path / "events.jsonl")] == ["start", "step"]


def test_a_trainer_whose_note_cannot_be_written_does_not_go_on(runs, tmp_path, monkeypatch):
    def full(*given):
        raise EnvironmentProblem("cannot write the note", "free space", "make room")

    monkeypatch.setattr(json_file, "write", full)
    started = []
    popen = __import__("subprocess").Popen
    monkeypatch.setattr("subprocess.Popen", lambda *given, **more: started.append(popen(*given, **more)) or started[-1])
    runs.program = ("sleep", "600")
    with pytest.raises(EnvironmentProblem):
        runs.start("owl", tmp_path, {})
    assert started[0].poll() is not None
