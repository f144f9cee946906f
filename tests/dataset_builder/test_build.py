"""A build gives what load_dataset reads, survives every kill with the same bytes, and says how it ended."""

import contextlib
import hashlib
import io
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tones import RATE_HZ, tone

from dataset_builder.build import Settings, build
from dataset_builder.intake.captions import read_entries
from dataset_builder.making.row import SCHEMA, typed_schema
from dataset_builder.making.workspace import locked, work_folder
from spectrogram.codec import SpectrogramCodec
from spectrogram.files.dataset_rows import undecoded
from spectrogram.params import SpectrogramParams
from spectrogram.problems import EnvironmentProblem

NAME = "sd-audio-spectrograms"
ROOT = Path(__file__).resolve().parents[2]


def command(*arguments, cwd, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    line = [sys.executable, "-m", "dataset_builder", *map(str, arguments)]
    return subprocess.Popen(
        line, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_load_dataset_reads_the_folder_by_its_name_and_streams_it(folder, tmp_path, monkeypatch):
    from datasets import Audio, Image, load_dataset

    build(read_entries(folder), tmp_path / NAME, Settings())
    monkeypatch.chdir(tmp_path)
    dataset = load_dataset(NAME, cache_dir=str(tmp_path / "cache"))
    assert set(dataset) == {"train", "validation", "test"}
    assert sum(map(len, dataset.values())) == 12
    assert isinstance(dataset["train"].features["image"], Image)
    assert isinstance(dataset["train"].features["audio"], Audio)
    row = dataset["train"].cast_column("audio", Audio(decode=False))[0]
    samples, rate_hz = soundfile.read(io.BytesIO(row["audio"]["bytes"]))
    params = SpectrogramParams.from_image(row["image"])
    assert (rate_hz, len(samples)) == (params.sample_rate_hz, params.clip_samples)
    picture = SpectrogramCodec(params).encode(samples[None].astype(np.float32), rate_hz)
    assert row["image"].mode == "RGB"
    assert np.array_equal(np.asarray(picture), np.asarray(row["image"]))
    streamed = load_dataset(NAME, split="train", streaming=True, cache_dir=str(tmp_path / "cache"))
    sounds = {row["clip_id"]: row["audio"]["bytes"] for row in undecoded(streamed)}
    assert set(sounds) == set(dataset["train"]["clip_id"])
    assert sounds[row["clip_id"]] == row["audio"]["bytes"]


def test_a_rebuilt_dataset_is_never_answered_from_the_cache_of_the_old_one(folder, tmp_path, monkeypatch):
    from datasets import load_dataset

    monkeypatch.chdir(tmp_path)
    settings = Settings(shares={"train": 1.0})
    for count in (12, 7):
        build(read_entries(folder)[:count], tmp_path / NAME, settings)
        assert len(load_dataset(NAME, split="train", cache_dir=str(tmp_path / "cache"))) == count


def test_every_dropped_file_is_counted_with_its_reason(folder, tmp_path):
    lines = [
        "file_name,caption",
        "audio/t0.wav,one",
        "audio/copy.wav,two",
        "gone.wav,x",
        "short.wav,x",
        "bad.wav,x",
        "1.wav,",
    ]
    (folder / "audio" / "copy.wav").write_bytes((folder / "audio" / "t0.wav").read_bytes())
    soundfile.write(folder / "short.wav", tone(0.2), RATE_HZ)
    (folder / "bad.wav").write_text("no sound")
    (folder / "m.csv").write_text("\n".join(lines) + "\n")
    run = command("m.csv", "--out", tmp_path / NAME, "--json", cwd=folder)
    out, err = run.communicate(timeout=120)
    summary = json.loads(out)
    reasons = dict.fromkeys(("duplicate", "missing", "short", "unreadable", "caption"), 1)
    assert (run.returncode, summary["given"], summary["kept"], summary["reasons"]) == (3, 6, 1, reasons), err
    drops = (tmp_path / NAME / "drops.csv").read_text()
    assert "bad,unreadable" in drops
    assert "m.csv row 6" in drops


def test_processes_and_one_process_give_the_same_bytes(folder, tmp_path):
    entries = read_entries(folder)
    build(entries, tmp_path / "one" / NAME, Settings(workers=1))
    build(list(reversed(entries)), tmp_path / "two" / NAME, Settings(workers=2))
    assert digest(tmp_path / "one" / NAME) == digest(tmp_path / "two" / NAME)


def test_a_build_killed_at_two_points_ends_with_the_same_bytes(tmp_path):
    many = tmp_path / "many"
    for index in range(130):
        many.mkdir(exist_ok=True)
        soundfile.write(many / f"{index}.wav", tone(1.2, 100 + 10 * index), RATE_HZ)
        (many / f"{index}.txt").write_text(f"tone {index}")
    out = tmp_path / "killed" / NAME
    work = work_folder(out)
    for pattern in ("mini/pieces/000001-*.parquet", "finished/data/mini/*.parquet"):
        run = command(many, "--out", out, cwd=tmp_path)
        while run.poll() is None and not list(work.glob(pattern)):
            time.sleep(0.001)
        run.send_signal(signal.SIGKILL)
        run.communicate()
        assert run.returncode == -signal.SIGKILL, pattern
        assert not out.exists()
    build(read_entries(many), out, Settings())
    build(read_entries(many), tmp_path / "unbroken" / NAME, Settings())
    assert digest(out) == digest(tmp_path / "unbroken" / NAME)
    assert not work.exists()


def test_a_killed_build_leaves_no_process_behind(tmp_path):
    many = tmp_path / "many"
    many.mkdir()
    for index in range(200):
        soundfile.write(many / f"{index}.wav", tone(1.2, 100 + 10 * index), RATE_HZ)
    run = command(many, "--out", tmp_path / NAME, "--workers", "2", cwd=tmp_path, start_new_session=True)
    while run.poll() is None and not list(work_folder(tmp_path / NAME).glob("mini/pieces/*.parquet")):
        time.sleep(0.01)
    run.kill()
    run.communicate()
    end = time.monotonic() + 20
    while alive_in_session(run.pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not alive_in_session(run.pid)


def alive_in_session(session: int) -> list[int]:
    """Pids of processes that still run in a session, zombies left out."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rsplit(")", 1)[1].split()
            if int(fields[3]) == session and fields[0] != "Z":
                found.append(int(stat.parent.name))
    return found


def test_a_second_build_on_one_folder_is_told_the_pid_of_the_first(folder, tmp_path):
    entries = read_entries(folder)
    with locked(tmp_path / NAME), pytest.raises(EnvironmentProblem, match=f"locked by pid {os.getpid()}") as caught:
        build(entries, tmp_path / NAME, Settings())
    assert caught.value.exit_code == 5
    build(entries, tmp_path / NAME, Settings())


def test_a_full_disk_leaves_the_old_dataset_and_the_next_run_goes_on(folder, tmp_path):
    out = tmp_path / NAME
    build(read_entries(folder), out, Settings(command="x"))
    before = digest(out)
    arguments = (folder, "--out", out, "--silence", "-70")
    full = command(
        *arguments, cwd=tmp_path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000,) * 2)
    )
    _, err = full.communicate(timeout=120)
    assert full.returncode == 5, err
    assert re.search(r"cannot write \S+\.parquet \(.*File too large.*\), expected \d{6,} bytes of free space", err)
    assert digest(out) == before
    assert command(*arguments, cwd=tmp_path).wait(120) == 0


def test_rebuilding_with_more_rows_moves_no_clip_to_another_split(folder, tmp_path):
    from dataset_builder.making.splits import read_splits

    out = tmp_path / NAME
    build(read_entries(folder)[:8], out, Settings(shares={"train": 0.5, "test": 0.5}))
    before = read_splits(out / "splits.csv")
    build(read_entries(folder), out, Settings(shares={"train": 0.5, "test": 0.5}))
    after = read_splits(out / "splits.csv")
    assert len(after) == 12
    assert {name: after[name] for name in before} == before


def test_a_build_that_was_killed_between_its_two_renames_is_put_back(folder, tmp_path):
    out = tmp_path / NAME
    build(read_entries(folder), out, Settings())
    before = digest(out)
    work_folder(out).mkdir()
    os.replace(out, work_folder(out) / "former")
    with locked(out):
        assert digest(out) == before


def test_an_ascii_console_survives_any_caption_and_the_dry_run_builds_nothing(folder, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    line = [sys.executable, "-m", "dataset_builder", str(folder), "--out", "é🎧", "--dry-run"]
    done = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert "12 sounds given, 0 missing" in done.stdout
    assert not list(tmp_path.glob("*🎧*"))


def test_the_types_written_into_the_shards_are_those_of_datasets():
    from datasets import Audio, Features, Image

    wanted = Features({**Features.from_arrow_schema(SCHEMA), "image": Image(mode="RGB"), "audio": Audio()}).arrow_schema
    assert typed_schema().equals(wanted)
    assert json.loads(typed_schema().metadata[b"huggingface"]) == json.loads(wanted.metadata[b"huggingface"])


def test_help_answers_without_the_heavy_imports():
    heavy = "{'torch', 'datasets', 'pyarrow'}"
    code = f"import sys, dataset_builder.commands.build as c; c.parser(); print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_all_real_recordings_of_esc10_are_kept(shared_data, tmp_path):
    entries = read_entries(shared_data / "esc10")
    outcome = build(entries[::8], tmp_path / NAME, Settings())["mini"]
    assert (len(entries), outcome.kept, outcome.drops) == (318, 40, [])
