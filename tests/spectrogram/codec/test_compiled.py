"""Compiled loops give the same bits in the process that compiles them and in the next one, which loads them."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from spectrogram.codec import SpectrogramCodec
from spectrogram.params import PRESETS

ROOT = Path(__file__).resolve().parents[3]


def test_a_picture_gives_the_same_sound_with_and_without_the_cache_of_the_compiler(tmp_path):
    seconds = np.arange(5 * 24000) / 24000
    sound = 0.3 * np.sin(2 * np.pi * 700 * seconds) + 0.05 * np.random.default_rng(0).standard_normal(seconds.size)
    # The picture with which reordered sums and approximate roots were found out.
    SpectrogramCodec(PRESETS["mini64"]).encode(sound.astype(np.float32), 24000).save(tmp_path / "tone.png")
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "compiled")}
    heard = []
    for folder in ("compiling", "loading"):
        line = [sys.executable, "-m", "spectrogram", "decode", str(tmp_path / "tone.png"), "--preset", "mini64"]
        subprocess.run([*line, "-o", str(tmp_path / folder)], cwd=ROOT, env=environment, check=True, timeout=240)
        heard.append(next((tmp_path / folder).rglob("*.wav")).read_bytes())
    assert heard[0] == heard[1]
