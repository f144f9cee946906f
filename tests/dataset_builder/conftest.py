"""Tiny sounds on disk, and a captioned folder of them."""

import numpy as np
import pytest
import soundfile
from tones import RATE_HZ, tone


@pytest.fixture
def sound(tmp_path):
    """write(name, samples, rate_hz) below a folder that the test owns; returns the path as text."""

    def write(name: str, samples: np.ndarray, rate_hz: int = RATE_HZ, **format_) -> str:
        path = tmp_path / "sounds" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, samples, rate_hz, **format_)
        return str(path)

    return write


@pytest.fixture
def folder(tmp_path):
    """A folder of twelve tones of two labels with metadata.csv, each a recording of its own."""
    root = tmp_path / "twelve"
    (root / "audio").mkdir(parents=True)
    lines = ["file_name,caption,label,licence,source_id"]
    for index in range(12):
        label = "low" if index % 2 else "high"
        hz = (200 if index % 2 else 2000) + 10 * index
        soundfile.write(root / "audio" / f"t{index}.wav", tone(1.5, hz), RATE_HZ)
        lines.append(f"audio/t{index}.wav,a {label} tone,{label},CC0 1.0,r{index}")
    (root / "metadata.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root
