"""A damaged file of a run is one sentence, whatever is wrong with it; one validation clip and none are no damage."""

import json
import random
from pathlib import Path

import pytest

from spectrogram.params import SpectrogramParams
from spectrogram.problems import Problem
from training import __main__ as command
from training.flags import settings_of
from training.loop.checkpoint import MANIFEST, inspect
from training.loop.validation import ValidationLoss
from training.record.events import EventLog
from training.record.run_file import read_events, read_run, read_samples

CASES = Path(__file__).resolve().parents[4] / "shared" / "cases" / "datasets_tables_runs"
JUNK = [None, "", "x", -1, 1e308, [], {}, [[]], {"a": {}}, True, "../../x", float("inf")]


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "owl"
    log = EventLog(folder / "events.jsonl")
    log.write("start", settings=settings_of({"steps": 2}).to_dict())
    log.write("validation", step=0, loss=0.5, standard_error=None, clips=1)
    log.write("step", step=1, loss=0.4, rate=1e-4)
    log.write("skipped", step=2, loss="nan", norm="nan", rate=1e-4, files=["a"])
    log.write("note", text="resumed")
    log.write("end", step=2, validation=None)
    (folder / "samples").mkdir()
    rows = [
        {"prompt": "an owl", "seed": 0, "tag": "before", "file": "before-0.wav", "heard_as": "owl", "certainty": 0.5}
    ]
    (folder / "samples" / "samples.json").write_text(json.dumps(rows))
    facts = {"settings": settings_of({"steps": 2}).to_dict(), "base": "base_model", "prediction_type": "epsilon",
             "validation": {"0": {"loss": 1, "clips": 1}}, "dataset": {"name": "d", "train": 1, "validation": 0},
             "licences": {"CC0 1.0": 1}, "trainable_parameters": 3, "seconds": {"cache": 0.0, "train": 1.0},
             "spectrogram_params": SpectrogramParams.preset("mini").to_dict(), "versions": {}}  # fmt: skip
    (folder / "run.json").write_text(json.dumps(facts))
    return folder


def mutated(value, random):
    """A JSON value with one place of it replaced, removed, or renamed."""
    if isinstance(value, dict) and value and random.random() < 0.8:
        key = random.choice(sorted(value))
        kind = random.random()
        rest = {name: one for name, one in value.items() if name != key}
        if kind < 0.2:
            return rest
        return {**rest, key: mutated(value[key], random)} if kind < 0.9 else {**rest, f"{key}x": value[key]}
    if isinstance(value, list) and value and random.random() < 0.8:
        place = random.randrange(len(value))
        return [*value[:place], mutated(value[place], random), *value[place + 1 :]]
    return random.choice(JUNK)


@pytest.mark.parametrize("name", ["run.json", "samples/samples.json", "events.jsonl"])
def test_four_hundred_mutations_end_in_a_report_or_in_one_sentence(name, run, capsys):
    path, dice = run / name, random.Random(7)
    whole = path.read_text()
    for _ in range(400):
        lines = [json.loads(line) for line in whole.splitlines()] if name == "events.jsonl" else [json.loads(whole)]
        place = dice.randrange(len(lines))
        lines[place] = mutated(lines[place], dice)
        text = "\n".join(json.dumps(line) for line in lines) + "\n"
        if dice.random() < 0.2:
            text = text[: dice.randrange(len(text))]
        path.write_text(text)
        code = command.main(["report", str(run)])
        told = capsys.readouterr().err
        assert code in (0, 4), text
        assert len(told.splitlines()) == (1 if code else 0), text


def test_one_validation_clip_has_no_error_and_is_written_as_json(run):
    loss = ValidationLoss(0.5, None, 1)
    assert json.loads(json.dumps(loss.to_dict(), allow_nan=False))["standard_error"] is None
    assert ValidationLoss.from_dict(loss.to_dict()) == loss
    assert command.main(["report", str(run)]) == 0
    assert "inf" not in (run / "report.html").read_text().split("<svg")[1]


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not here")
def test_a_run_of_an_earlier_version_with_infinity_is_reported(tmp_path):
    folder = CASES / "report-one-validation-clip"
    assert command.main(["report", str(folder), "--out", str(tmp_path / "page.html")]) == 0
    assert read_run(folder)["validation"]
    assert all(e["standard_error"] is None for e in read_events(folder / "events.jsonl") if e["event"] == "validation")


def test_a_log_that_a_kill_cut_is_read_up_to_its_last_whole_line(run):
    log = run / "events.jsonl"
    log.write_bytes(log.read_bytes() + b'{"event": "st')
    assert [event["event"] for event in read_events(log)][-1] == "end"


def test_a_sample_may_not_name_a_file_elsewhere(run):
    rows = [{"prompt": "x", "seed": 0, "tag": "before", "file": "../../secret.wav"}]
    (run / "samples" / "samples.json").write_text(json.dumps(rows))
    with pytest.raises(Problem, match="damaged"):
        read_samples(run)


def test_a_damaged_manifest_is_no_checkpoint(tmp_path):
    good = {"format": 1, "step": 3, "files": {}, "identity": {}, "values": {}}
    dice = random.Random(3)
    for _ in range(200):
        (tmp_path / MANIFEST).write_text(json.dumps(mutated(good, dice)))
        assert inspect(tmp_path) is None or isinstance(inspect(tmp_path), str)
    (tmp_path / MANIFEST).write_text("[" * 100_000)
    assert inspect(tmp_path) == "it has no readable manifest"
