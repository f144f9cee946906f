"""The main job where torchcodec cannot be imported and no ffmpeg is on the path, as on a machine without FFmpeg."""

import os
import subprocess
import sys
from pathlib import Path

from tests.tiny_sd import build_tiny_sd

ROOT = Path(__file__).parents[1]
JOB = """
import sys
sys.modules["torchcodec"] = None
from importlib import import_module
from pathlib import Path

import datasets
import soundfile

assert not datasets.config.TORCHCODEC_AVAILABLE

def run(module, *words):
    code = import_module(f"{module}.__main__").main([str(word) for word in words])
    assert not code, (module, words, code)

run("dataset_builder", "soundscapes", "--out", "raw", "--clips", 24, "--seed", 5, "--classes", "owl", "--pair-share", 0)
for suffix in ("flac", "ogg", "mp3"):
    first = sorted(Path("raw").rglob("*.flac"))[0]
    samples, rate_hz = soundfile.read(first)
    soundfile.write(f"sound.{suffix}", samples, rate_hz)
run("dataset_builder", "raw/metadata.csv", "--audio", "raw", "--out", "data", "--split", "50/20/30", "--workers", 1)
run("training", "data", "--out", "run", "--base", "tiny", "--steps", 2, "--replay", 0)
run("spectrogram", "generate", "an owl", "-o", "out/owl.wav", "--base", "tiny", "--lora", "run", "--steps", 2)
run("spectrogram", "transform", "sound.mp3", "an owl", "-o", "out/again.ogg", "--base", "tiny", "--steps", 2)
run("metrics", "data", "raw", "--out", "results.json")
run("model_card", "run")

from spectrogram.files.dataset_rows import undecoded
stream = undecoded(datasets.load_dataset("data", split="train", streaming=True))
assert next(iter(stream))["audio"]["bytes"][:4] == b"fLaC"

from space.store.shelf import Shelf
shelf = Shelf.of_folder(Path("data"))
Path("set").mkdir()
assert shelf.write_sounds("test", Path("set"), 3)
print("all done")
"""


def test_the_main_job_needs_neither_torchcodec_nor_an_ffmpeg_on_the_path(tmp_path):
    build_tiny_sd(tmp_path / "tiny")
    settings = os.environ | {"PYTHONPATH": str(ROOT), "PATH": str(tmp_path), "HF_HOME": str(tmp_path / "hub")}
    done = subprocess.run(
        [sys.executable, "-c", JOB], cwd=tmp_path, env=settings, capture_output=True, text=True, timeout=280
    )
    assert done.stdout.endswith("all done\n"), done.stderr[-3000:]
