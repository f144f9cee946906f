"""Parameters that come with a file are bounded by what they cost, and wide pictures are decoded at flat memory."""

import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from spectrogram.codec import SpectrogramCodec, budget
from spectrogram.params import PRESETS, SpectrogramParams
from spectrogram.problems import PictureProblem

MINI = SpectrogramParams.preset("mini64")


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_far_from_the_budget(name):
    budget.check(PRESETS[name])
    assert budget.blocks(PRESETS[name], PRESETS[name].columns) == [(0, PRESETS[name].columns)]


@pytest.mark.parametrize(
    "changes",
    [
        {"sample_rate_hz": 1_000_000, "window_ms": 1048.0, "step_ms": 0.001, "high_hz": 500_000.0},
        {"sample_rate_hz": 10_000_000},
        {"window_ms": 8192.0},
        {"step_ms": 0.05},
        {"mel_bands": 8192},
        {"padded_ms": 20_000.0},
    ],
)
def test_work_beyond_the_budget_is_refused_in_a_sentence_before_it_begins(changes):
    began = time.perf_counter()
    with pytest.raises(PictureProblem, match=r"The parameters (ask for .* million spectral values|lay each sample)"):
        SpectrogramCodec(MINI.replace(**changes))
    assert time.perf_counter() - began < 0.1


def test_a_window_that_fills_a_block_is_refused_where_the_picture_is_wide():
    params = MINI.replace(window_ms=2000.0)
    with pytest.raises(PictureProblem, match="three times into a block"):
        budget.blocks(params, 100_000)


def test_a_wide_picture_sounds_like_its_parts_and_as_loud(monkeypatch):
    time_s = np.arange(24000 * 12) / 24000
    audio = (0.3 * np.sin(2 * np.pi * (300 + 40 * time_s) * time_s))[None].astype(np.float32)
    for params in (MINI.replace(columns=600), MINI.replace(columns=600, curve="power", norm="peak")):
        codec = SpectrogramCodec(params)
        image = codec.encode(audio, 24000)
        image.info.clear()
        whole, _ = codec.decode(image)
        with monkeypatch.context() as small:
            small.setattr(budget, "MOST_BLOCK_VALUES", 769 * 200)
            assert len(budget.blocks(params, 600)) > 2
            parts = np.concatenate(list(codec.decode_blocks(image)), axis=1)
        assert parts.shape == whole.shape
        judge = SpectrogramCodec(MINI.replace(columns=600))
        pictures = [np.asarray(judge.encode(sound, 24000), float) for sound in (whole, parts)]
        assert np.abs(pictures[0] - pictures[1]).mean() < 4


def test_ten_minutes_in_one_picture_are_decoded_in_a_few_hundred_megabytes(tmp_path):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 120, (128, 30_000), dtype=np.uint8))
    image.info["spectrogram_params"] = MINI.to_json()
    from spectrogram.files.pictures import write_picture

    write_picture(tmp_path / "long.png", image)
    code = f"""
from pathlib import Path
from spectrogram.__main__ import main
assert main(["decode", {str(tmp_path / "long.png")!r}, "--jobs", "1"]) == 0
# A child begins with its parent's ru_maxrss; VmHWM is its own.
print(next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout.split()[-1]) < 900_000
