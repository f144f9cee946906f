"""Twelve commands on a full disk and on one that cannot be written: one sentence, exit code 5, nothing is lost."""

import contextlib
import json
import subprocess

import numpy as np
import pytest
import soundfile
import torch

from bioacoustics.__main__ import main as bioacoustics
from dataset_builder.__main__ import main as dataset_builder
from metrics.__main__ import main as metrics
from model_card.__main__ import main as model_card
from spectrogram.__main__ import main as spectrogram
from spectrogram.codec import SpectrogramCodec
from spectrogram.files.pictures import write_picture
from spectrogram.params import SpectrogramParams
from tests.model_card.test_adapter_card import RUN
from training.__main__ import main as training

SMALL_BYTES = 64 << 10
POINTS = {
    "decode": lambda given, disk: (spectrogram, "decode", given / "a.png", "-o", disk, "--jobs", "1"),
    "encode": lambda given, disk: (
        spectrogram,
        "encode",
        given / "a.wav",
        "-o",
        disk,
        "--jobs",
        "1",
        "--preset",
        "sd15",
    ),
    "inspect --png": lambda given, disk: (spectrogram, "inspect", given / "a.png", "--png", disk / "view.png"),
    "dataset": lambda given, disk: (dataset_builder, given / "set", "--out", disk / "ds", "--workers", "1"),
    "soundscapes": lambda given, disk: (dataset_builder, "soundscapes", "--out", disk / "s", "--clips", "2"),
    "measure": lambda given, disk: (
        metrics,
        given / "set",
        given / "set",
        "--resamples",
        "0",
        "--out",
        disk / "r.json",
    ),
    "card": lambda given, disk: (model_card, given / "run", "--out", disk / "README.md"),
    "report": lambda given, disk: (training, "report", given / "run", "--out", disk / "report.html"),
    "convert": lambda given, disk: (training, "convert", given / "word.pt", "--out", disk / "word"),
    "learn sources": lambda given, disk: (
        bioacoustics,
        "learn",
        "sources",
        "--source",
        f"low={given / 'set'}",
        "--bases",
        "2",
        "--out",
        disk / "s.safetensors",
    ),
}


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Good files, on a disk with room."""
    folder = tmp_path_factory.mktemp("given")
    tone = 0.3 * np.sin(np.arange(3 * 24_000) / 20) + 0.01 * np.random.default_rng(0).normal(size=3 * 24_000)
    (folder / "set").mkdir()
    for name in ("a.wav", "set/low.wav", "set/high.wav"):
        soundfile.write(folder / name, tone, 24_000)
        (folder / name).with_suffix(".txt").write_text("a tone\n")
    write_picture(folder / "a.png", SpectrogramCodec(SpectrogramParams.preset("mini")).encode(tone[None], 24_000))
    (folder / "run" / "samples").mkdir(parents=True)
    (folder / "run" / "run.json").write_text(json.dumps(RUN))
    (folder / "run" / "events.jsonl").write_text('{"event": "note", "seconds": 0.1, "text": "begun"}\n')
    torch.save({"<owl>": torch.ones(400, 32)}, folder / "word.pt")
    return folder


@pytest.fixture
def disk(tmp_path):
    """A file system of 64 KiB of its own; the test is skipped where nothing may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_BYTES}", "none", str(place)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except OSError:
        pytest.skip("there is no mount on this system")
    if done.returncode:
        pytest.skip("nothing may be mounted here: this needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def state(folder):
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(name, given, disk, capsys):
    """Run a point; what it said is one sentence, its inputs and what was on the disk are as before."""
    before, kept = state(given), state(disk)
    program, *words = POINTS[name](given, disk)
    code = program([str(word) for word in words])
    said = [line for line in capsys.readouterr().err.splitlines() if "error:" in line or line.startswith("python -m")]
    assert state(given) == before
    assert {path: data for path, data in state(disk).items() if path in kept} == kept
    assert len(said) == 1, said
    assert "Traceback" not in said[0]
    return code, said[0]


@pytest.mark.parametrize("name", POINTS)
def test_a_full_disk_is_one_sentence_and_nothing_is_lost(name, given, disk, capsys):
    with (disk / "mine.txt").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    code, said = refused(name, given, disk, capsys)
    assert code in (4, 5)
    assert "No space left" in said or "free space" in said


@pytest.mark.parametrize("name", POINTS)
def test_a_disk_that_cannot_be_written_is_one_sentence(name, given, disk, capsys):
    (disk / "mine.txt").write_bytes(b"x")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    code, said = refused(name, given, disk, capsys)
    assert code in (4, 5)
    assert "Read-only" in said or "free space" in said
