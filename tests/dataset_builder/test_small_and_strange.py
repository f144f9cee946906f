"""Small and strange input: one recording, sounds that cancel, pipes, hostile texts; and every "next:" can be run."""

import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pyarrow import parquet
from tones import RATE_HZ, tone

from dataset_builder.__main__ import main
from spectrogram.files.dataset_rows import load_splits

ROOT = Path(__file__).parents[2]
HOSTILE = 'x") # <img src=x onerror=alert(1)> [c](javascript:alert(3)) `b` **b** | ```\n\n# h'


@pytest.fixture
def sounds(tmp_path):
    def write(files: dict, name="sounds"):
        folder = tmp_path / name
        for file, samples in files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(folder / file, *(samples if isinstance(samples, tuple) else (samples, RATE_HZ)))
        return folder

    return write


def build(where, out, *options) -> int:
    return main([str(where), "--out", str(out), "--workers", "1", *options])


def drops(out) -> dict[str, dict]:
    with open(out / "drops.csv", encoding="utf-8") as file:
        return {row["clip_id"]: row for row in csv.DictReader(file)}


def no_number(name: str):
    raise AssertionError(f"a JSON file holds {name}")


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_recordings_are_a_dataset(sounds, tmp_path, count):
    folder = sounds({f"bell{n}.wav": tone(2, 300 * (n + 1)) for n in range(count)})
    assert build(folder, tmp_path / "ds") == 0
    assert sorted(path.name for path in (tmp_path / "ds" / "data" / "mini").glob("train-*"))
    for file in (tmp_path / "ds").rglob("*.json"):
        json.loads(file.read_text(), parse_constant=no_number)


@pytest.mark.parametrize("caption", ["null", '""', '"  "', "[]"])
def test_a_missing_caption_is_counted_and_the_rest_is_built(sounds, tmp_path, caption):
    folder = sounds({"0.wav": tone(2), "1.wav": tone(2, 900)})
    lines = [f'{{"file_name": "0.wav", "text": {caption}}}', '{"file_name": "1.wav", "text": "a bell"}']
    (folder / "metadata.jsonl").write_text("\n".join(lines))
    assert build(folder, tmp_path / "ds") == 3
    assert drops(tmp_path / "ds")["0"]["reason"] == "caption"


def test_a_mistyped_path_is_one_sentence_with_what_is_there(sounds, tmp_path, capsys):
    sounds({"0.wav": tone(2)}, "my sounds")
    assert build(tmp_path / "my sound", tmp_path / "ds") == 4
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "my sound is not there" in error
    assert "There is my sounds" in error


def test_repeats_and_silence_alone_are_no_failure(sounds, tmp_path):
    bell = tone(2)
    folder = sounds({"0.wav": bell, "copy of 0.wav": bell, "silent.wav": 0 * bell, "short.wav": tone(0.2)})
    assert build(folder, tmp_path / "ds") == 0
    assert sorted(row["reason"] for row in drops(tmp_path / "ds").values()) == ["duplicate", "short", "silent"]


def test_a_file_that_is_no_sound_is_a_failure(sounds, tmp_path):
    folder = sounds({"0.wav": tone(2)})
    (folder / "page.wav").write_text("<html>")
    assert build(folder, tmp_path / "ds") == 3


def test_channels_that_cancel_are_silence_and_one_of_them_is_not(sounds, tmp_path):
    bell = tone(2)
    folder = sounds({"inverted.wav": np.hstack([bell, -bell]), "fine.wav": np.hstack([bell, tone(2, 700)])})
    assert build(folder, tmp_path / "ds") == 0
    assert "channels cancel each other; --channel 1" in drops(tmp_path / "ds")["inverted"]["detail"]
    assert build(folder, tmp_path / "one", "--channel", "1") == 0
    assert drops(tmp_path / "one") == {}
    assert build(folder, tmp_path / "none", "--channel", "3") == 4


def test_a_bat_is_silence_until_it_is_played_slower(sounds, tmp_path):
    call = tone(2, 40_000, 192_000) * np.hanning(2 * 192_000)[:, None], 192_000
    folder = sounds({"bat.wav": call, "bell.wav": tone(2)})
    assert build(folder, tmp_path / "ds") == 0
    assert "lies above 12000 Hz; --time-expansion 10" in drops(tmp_path / "ds")["bat"]["detail"]
    (folder / "metadata.csv").write_text("file_name,caption,start_s,seconds\nbat.wav,a bat,0.5,0.25\n")
    assert build(folder, tmp_path / "slow", "--time-expansion", "10") == 0
    (row,) = [r for p in (tmp_path / "slow").rglob("*.parquet") for r in parquet.read_table(p).to_pylist()]
    assert (row["start_s"], row["duration_s"], row["source_rate_hz"]) == (0.5, 2.5, 192_000)
    samples, rate_hz = soundfile.read(io.BytesIO(row["audio"]["bytes"]))
    loudest = np.abs(np.fft.rfft(samples[: 2 * rate_hz])).argmax() / 2
    assert loudest == pytest.approx(4000, abs=1)


@pytest.mark.parametrize("way", ["folder", "table"])
def test_a_pipe_is_no_sound_and_nothing_waits_for_it(sounds, tmp_path, way):
    folder = sounds({"0.wav": tone(2)})
    os.mkfifo(folder / "pipe.wav")
    if way == "table":
        (folder / "metadata.csv").write_text("file_name,caption\n0.wav,x\npipe.wav,y\n")
    assert build(folder, tmp_path / "ds") == (3 if way == "table" else 0)


def test_a_split_never_writes_outside_the_dataset(sounds, tmp_path, capsys):
    folder = sounds({"a.wav": tone(2)})
    (folder / "metadata.csv").write_text("file_name,caption,split\na.wav,x,../../../ESCAPED\n")
    before = {path for path in tmp_path.rglob("*") if ".work" not in str(path)}
    assert build(folder, tmp_path / "out" / "ds") == 4
    assert "line 2" in capsys.readouterr().err
    assert {path for path in tmp_path.rglob("*") if ".work" not in str(path)} <= before | {tmp_path / "out"}


def test_hostile_texts_stay_texts_in_the_card(sounds, tmp_path):
    folder = sounds({"a.wav": tone(2), "b.wav": tone(2, 900)})
    with open(folder / "metadata.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([("file_name", "caption", "licence"), ("a.wav", HOSTILE, HOSTILE), ("b.wav", HOSTILE, "")])
    assert build(folder, tmp_path / "ds") == 0
    card = (tmp_path / "ds" / "README.md").read_text()
    body = card.split("---\n", 2)[2]
    assert "<img" not in body
    assert not re.search(r"(?<!\\)\]\(javascript:", body)
    assert "\n# h" not in body
    assert body.count("```") % 2 == 0
    assert "**b**" not in body
    row = parquet.read_table(next((tmp_path / "ds").rglob("train-*.parquet"))).to_pylist()[0]
    assert row["caption"] == HOSTILE


def test_no_path_of_this_machine_is_told_to_others(sounds, tmp_path):
    folder = sounds({f"{n}.wav": tone(2, 300 + 200 * n) for n in range(4)})
    (folder / "broken.wav").write_text("no sound")
    (folder / "metadata.csv").write_text(
        "file_name,caption\nbroken.wav,x\nlost.wav,y\n" + "".join(f"{n}.wav,tone {n}\n" for n in range(4))
    )
    assert build(folder, tmp_path / "ds", "--augment", "2") == 3
    for path in (tmp_path / "ds").rglob("*"):
        if path.is_file():
            assert str(tmp_path).encode() not in path.read_bytes(), path.name
    rows = [row for path in (tmp_path / "ds").rglob("*.parquet") for row in parquet.read_table(path).to_pylist()]
    assert any(row["augmentation"] for row in rows)
    assert all(str(tmp_path) not in str(row) for row in rows)
    assert drops(tmp_path / "ds")["broken"]["path"] == "broken.wav"


NAMES = ["plain", "my owl's [set] #1", "-dash", "ünïcode ☂"]


@pytest.mark.next_line(
    "dataset_builder/commands/build.py farewell",
    "dataset_builder/commands/inspect.py run",
    "dataset_builder/making/forecast.py forecast",
)
@pytest.mark.parametrize("name", NAMES)
def test_every_next_line_can_be_run_as_it_is_printed(sounds, tmp_path, monkeypatch, capfd, name):
    monkeypatch.chdir(tmp_path)
    sounds({f"{n}.wav": tone(2, 300 + 200 * n) for n in range(4)}, f"{name} in")
    (tmp_path / f"{name} in" / "metadata.csv").write_text(
        "file_name,caption,start_s\n" + "".join(f"{n}.wav,a tone {n},0.12344\n" for n in range(4))
    )
    given = f"./{name} in" if name.startswith("-") else f"{name} in"
    out = ["--out=" + name]
    assert main([given, *out, "--dry-run"]) == 0
    assert main([given, *out, "--workers", "1"]) == 0
    assert main(["inspect", f"./{name}"]) == 0
    (inspect,) = [line for line in next_lines(capfd) if " inspect " in line]
    assert main(shlex.split(inspect)[3:]) == 0
    (train,) = next_lines(capfd)
    assert sum(split.num_rows for split in load_splits(tmp_path / name, **cached(tmp_path, name)).values()) == 4
    done = subprocess.run(
        [sys.executable, *shlex.split(train)[1:], "--dry-run"],
        capture_output=True, text=True, timeout=280, check=False, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-600:]


def cached(folder: Path, name: str) -> dict:
    # A path with brackets is read around ``datasets``' own road, which takes no options here.
    return {} if "[" in name else {"cache_dir": str(folder / "cache")}


def next_lines(capfd) -> list[str]:
    return re.findall(r"^next: (python .*)$", capfd.readouterr().out, re.MULTILINE)
