"""Small sounds and sets for the tests of the metrics."""

import csv

import numpy as np
import soundfile

RATE_HZ = 16000


def tone(hz: float, seconds: float = 1.0, rate_hz: int = RATE_HZ) -> np.ndarray:
    """Half-scale sine."""
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz)).astype(np.float32)


def noise(seed: int, seconds: float = 1.0, scale: float = 0.1) -> np.ndarray:
    """White noise."""
    return np.random.default_rng(seed).normal(size=round(seconds * RATE_HZ)).astype(np.float32) * scale


def write_set(folder, clips: dict[str, np.ndarray], labels: dict[str, str] | None = None):
    """A folder of WAV files, with a metadata.csv when labels are given; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, audio in clips.items():
        soundfile.write(folder / f"{name}.wav", audio, RATE_HZ, subtype="FLOAT")
    if labels is not None:
        with open(folder / "metadata.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["file_name", "label", "caption"])
            writer.writerows([f"{name}.wav", labels[name], f"a {labels[name]}"] for name in clips)
    return folder
