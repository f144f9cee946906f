"""Scenes whose parts are known: animals over weather, at a stated ratio, from one part of a folder's recordings."""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spectrogram.files.audio import read_audio

RATE_HZ = 32_000
SECONDS = 10.0
RATIOS_DB = (20.0, 15.0, 10.0, 5.0, 0.0, -5.0)
SETS = ("birds_xc_phoebe", "openset", "ambience", "nz_inaturalist")
PARTS = ("learn", "test", "tune")
CLASS_OF = {
    "crickets": "insects",
    "cricket": "insects",
    "insect:black_cicada": "insects",
    "insect:field_cricket": "insects",
    "rain": "rain",
    "wind": "wind",
}


@dataclass(frozen=True)
class Scene:
    """Stems (samples,) at ``RATE_HZ`` whose sum is the mixture; ``ratio_db`` is target over weather."""

    name: str
    target_class: str
    weather_class: str
    target: np.ndarray
    weather: np.ndarray
    ratio_db: float

    @property
    def mixture(self) -> np.ndarray:
        return self.target + self.weather


def recordings(data: Path) -> dict[str, dict[str, list[Path]]]:
    """{part: {class: files}}; of every class the source recordings go in turn to learn, tune and test."""
    files: dict[str, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for name in SETS:
        with (data / name / "metadata.csv").open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                group = "birds" if name == "birds_xc_phoebe" else CLASS_OF.get(row["label"])
                if group:
                    files[group][row["source_id"]].append(data / name / row["file_name"])
    found: dict[str, dict[str, list[Path]]] = {part: defaultdict(list) for part in PARTS}
    dealt: dict[str, str] = {}
    for group, own in sorted(files.items()):
        order = sorted(own, key=lambda one: hashlib.sha256(one.encode()).hexdigest())
        for place, source in enumerate(order):
            part = dealt.setdefault(source, PARTS[place % len(PARTS)])
            found[part][group] += own[source]
    return found


def read_mono(path: Path, seconds: float | None = None) -> np.ndarray:
    audio, _ = read_audio(path, sample_rate_hz=RATE_HZ, channels=1, seconds=seconds)
    return audio[0]


def filled(audio: np.ndarray, seconds: float) -> np.ndarray:
    """The sound repeated or cut to a length."""
    return np.resize(audio, round(seconds * RATE_HZ))


def scenes(data: Path, part: str = "test", seed: int = 0, each: int = 2) -> list[Scene]:
    """``each`` scenes of birds and of insects in rain and in wind at every ratio: 48 for two."""
    rng = np.random.default_rng(seed)
    files = recordings(data)[part]
    made = []
    for target_class in ("birds", "insects"):
        for weather_class in ("rain", "wind"):
            for ratio_db in RATIOS_DB:
                for _ in range(each):
                    target = filled(read_mono(pick(rng, files[target_class]), SECONDS), SECONDS)
                    weather = filled(read_mono(pick(rng, files[weather_class]), SECONDS), SECONDS)
                    gain = np.sqrt(np.mean(target**2) / np.mean(weather**2) / 10 ** (ratio_db / 10))
                    name = f"{len(made):03d} {target_class} {weather_class} {ratio_db:g} dB"
                    made.append(Scene(name, target_class, weather_class, target, weather * gain, ratio_db))
    return made


def pick(rng: np.random.Generator, files: list[Path]) -> Path:
    return files[int(rng.integers(len(files)))]
