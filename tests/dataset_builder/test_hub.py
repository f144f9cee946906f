"""Real clients against a Hub on loopback: AudioCaps in one command, a pushed dataset loaded and fetched again."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from loopback_hub import LoopbackHub
from pyarrow import Table, parquet
from scripted_server import wav

from dataset_builder.build import Settings, build
from dataset_builder.intake.captions import read_entries
from tests.next_lines import follow

ROOT = Path(__file__).resolve().parents[2]


def run(hub, tmp_path, *line):
    """A Python process that knows no other Hub, with a cache of its own."""
    environment = {**os.environ, "HF_ENDPOINT": hub.address, "HF_HUB_OFFLINE": "0", "HF_DATASETS_OFFLINE": "0"}
    environment |= {
        "HF_TOKEN": "hf_test",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, *map(str, line)], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=200
    )
    return done.returncode, done.stdout, done.stderr


def audiocaps_parquet(clips: dict[str, list[str]]) -> bytes:
    """Rows as a copy of AudioCaps has them: one caption each, the sound repeated for every caption of a clip."""
    from datasets import Audio, Features, Value

    columns = {"audiocap_id": Value("int64"), "youtube_id": Value("string"), "start_time": Value("int64")}
    schema = Features({**columns, "caption": Value("string"), "audio": Audio()}).arrow_schema
    rows = [
        {"audiocap_id": number, "youtube_id": video, "start_time": 30, "caption": caption}
        | {"audio": {"bytes": wav(1 + len(captions) + place / 10), "path": None}}
        for place, (video, captions) in enumerate(clips.items())
        for number, caption in enumerate(captions)
    ]
    buffer = io.BytesIO()
    parquet.write_table(Table.from_pylist(rows, schema=schema), buffer)
    return buffer.getvalue()


@pytest.fixture
def audiocaps():
    """A Hub with OpenSound/AudioCaps: two train clips with a caption each, one test clip with five."""
    with LoopbackHub() as hub:
        train = {"aaaaaaaaaaa": ["a dog"], "-bbbbbbbbbb": ["rain"]}
        hub.files["data/train-00000-of-00001.parquet"] = audiocaps_parquet(train)
        hub.files["data/test-00000-of-00001.parquet"] = audiocaps_parquet({"ccccccccccc": list("abcde")})
        yield hub


def test_audiocaps_is_one_command_that_keeps_splits_and_five_captions(audiocaps, tmp_path):
    line = ["-m", "dataset_builder", "audiocaps", "--splits", "train,test", "--out", "set", "--json"]
    code, out, err = run(audiocaps, tmp_path, *line)
    assert code == 0, err
    assert json.loads(out)["kept"] == 3
    (test,) = (tmp_path / "set" / "data" / "mini").glob("test-*.parquet")
    row = parquet.read_table(test).to_pylist()[0]
    assert (row["captions"], row["recording"]) == (list("abcde"), "ccccccccccc")
    assert row["source"] == "https://www.youtube.com/watch?v=ccccccccccc&t=30"
    assert len(list((tmp_path / "audiocaps" / "audio").iterdir())) == 3


@pytest.mark.next_line("dataset_builder/commands/audiocaps.py hub_forecast")
def test_a_dry_run_of_audiocaps_tells_the_size_and_streams_nothing(audiocaps, tmp_path):
    code, out, err = run(audiocaps, tmp_path, "-m", "dataset_builder", "audiocaps", "--dry-run", "--json")
    assert code == 0, err
    size = sum(len(data) for name, data in audiocaps.files.items())
    assert json.loads(out) == {"files": 2, "megabytes": round(size / 1e6, 1)}
    assert not any("/resolve/" in asked for asked in audiocaps.asked)
    assert not (tmp_path / "audiocaps").exists()
    line = ["-m", "dataset_builder", "audiocaps", "--splits", "train", "--limit", "1"]
    code, out, err = run(audiocaps, tmp_path, *line, "--dry-run")
    assert out.splitlines()[-1] == "next: run the same command without --dry-run, perhaps with --limit"
    code, out, err = run(audiocaps, tmp_path, *line)
    assert code == 0, err
    assert "kept 1" in out


def test_a_hub_that_does_not_answer_ends_with_5_and_what_to_do(tmp_path):
    with LoopbackHub(status=404) as hub:
        code, _, err = run(hub, tmp_path, "-m", "dataset_builder", "audiocaps", "--out", "set", "--splits", "test")
    assert code == 5, err
    assert "OpenSound/AudioCaps cannot be read" in err


@pytest.mark.next_line("dataset_builder/commands/push.py run", "dataset_builder/commands/fetch.py run")
def test_a_pushed_dataset_loads_by_config_streams_and_is_fetched_again(folder, tmp_path, monkeypatch):
    build(read_entries(folder), tmp_path / "set", Settings(presets=("mini", "sd15")))
    # Without the sound, so that no decoder (and with it torch) is imported.
    check = """
from datasets import load_dataset
columns = ["image", "caption"]
streamed = load_dataset("u/x", split="train", streaming=True, columns=columns)
print(next(iter(streamed))["image"].size, sum(1 for _ in streamed))
fine = load_dataset("u/x", "sd15", split="test", columns=columns)
print(fine[0]["image"].size)
fine.push_to_hub("u/y", config_name="again")
"""
    with LoopbackHub() as hub:
        code, told, err = run(hub, tmp_path, "-m", "dataset_builder", "push", "set", "u/x")
        assert code == 0, err
        said = told.splitlines()[-1].removeprefix("next: ")
        code, out, err = run(hub, tmp_path, "-c", f"{check}\nassert 'train' in {said}")
        assert code == 0, err
        assert out.splitlines()[0].startswith("(256, 128)")
        assert out.splitlines()[1] == "(512, 512)"
        assert any(name.startswith("again/") for name in hub.files)
        fetch = ("-m", "dataset_builder", "fetch", "hub", "u/x", "--config", "mini", "--out", "copy", "--limit", "3")
        code, out, err = run(hub, tmp_path, *fetch)
    assert code == 0, err
    assert "3 here" in out
    monkeypatch.chdir(tmp_path)
    assert follow(out, "--workers", "1") == 0
    assert {entry.label for entry in read_entries(tmp_path / "copy")} <= {"high", "low"}
