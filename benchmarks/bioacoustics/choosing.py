"""`python -m benchmarks.bioacoustics.choosing`: does `choose` find the picture in which made-up classes differ?

Ten cases, two of each kind: pitches that only linear bands part, pitches that only logarithmic ones part, calls under
loud steady noise of any colour (PCEN), beats that short windows show, and pitches that only long windows part.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from bioacoustics.classifiers.front_end import front_end
from bioacoustics.pictures.choice import Candidate, probe
from dataset_builder.intake.entries import Entry
from spectrogram.files import json_file

FIGURES = Path(__file__).parents[2] / "docs" / "figures" / "bioacoustics"
RATE_HZ, CLIPS = 16_000, 16
TIME = np.arange(RATE_HZ) / RATE_HZ


def tone(hz: float, rng: np.random.Generator, level_db: float = 0.0) -> np.ndarray:
    return 0.05 * 10 ** (level_db / 20) * np.sin(2 * np.pi * (hz * TIME + rng.random()))


def hiss(rng: np.random.Generator, level_db: float = -46.0) -> np.ndarray:
    return 10 ** (level_db / 20) * rng.standard_normal(RATE_HZ)


def high_pitches(rng: np.random.Generator, label: int) -> np.ndarray:
    """Pitches 260 Hz apart near 7 kHz, another tone of any level beside them."""
    beside = rng.choice([6150, 7750]) + rng.uniform(-100, 100)
    return tone(6820 + 260 * label + rng.uniform(-30, 30), rng) + tone(beside, rng, rng.uniform(-6, 12)) + hiss(rng)


def low_pitches(rng: np.random.Generator, label: int) -> np.ndarray:
    """Pitches 20 Hz apart near 100 Hz, another tone of any level above them."""
    beside = rng.uniform(170, 320)
    return tone(92 + 26 * label + rng.uniform(-3, 3), rng) + tone(beside, rng, rng.uniform(-6, 12)) + hiss(rng)


def calls_in_noise(rng: np.random.Generator, label: int) -> np.ndarray:
    """Five short calls at 2 or 3 kHz under steady noise of any colour and hum of any pitch."""
    spectrum = np.fft.rfft(rng.standard_normal(RATE_HZ))
    hz = np.fft.rfftfreq(RATE_HZ, 1 / RATE_HZ)
    slope = sum(rng.normal(0, 10) * np.cos(np.pi * k * hz / 8000) for k in range(1, 9))
    noise = np.fft.irfft(spectrum * 10 ** (slope / 20), RATE_HZ)
    call = np.zeros(RATE_HZ)
    for start in rng.uniform(0.02, 0.9, 5):
        inside = (start <= TIME) & (start + 0.06 > TIME)
        call += tone(2000 + 1000 * label + rng.uniform(-60, 60), rng, rng.uniform(-3, 3)) * inside
    return 0.05 * noise / noise.std() * 10 ** (rng.uniform(-6, 6) / 20) + call


def beats(rng: np.random.Generator, label: int) -> np.ndarray:
    """Noise that beats 45 or 70 times a second."""
    rate_hz = 45 + 25 * label + rng.uniform(-3, 3)
    return hiss(rng, -20) * (1 + 0.9 * np.sin(2 * np.pi * (rate_hz * TIME + rng.random()))) * rng.uniform(0.3, 1)


def pictures(scales: tuple[str, ...], windows: tuple[tuple[float, float], ...], bands: int) -> list[Candidate]:
    return [
        Candidate(f"{scale} {window:g}", front_end(scale, RATE_HZ, bands, window, hop))
        for scale in scales
        for window, hop in windows
    ]


ALL = ("mel", "linear", "log", "pcen")
CASES: dict[str, tuple[Callable, str, list[Candidate]]] = {
    "linear": (high_pitches, "linear 32", pictures(ALL, ((32, 16),), 24)),
    "log": (low_pitches, "log 128", pictures(ALL, ((128, 32),), 24)),
    "pcen": (calls_in_noise, "pcen 32", pictures(ALL, ((32, 16),), 24)),
    "short": (beats, "mel 8", pictures(("mel",), ((8, 4), (32, 16), (128, 32)), 24)),
    "long": (low_pitches, "log 128", pictures(("log",), ((16, 8), (32, 16), (128, 32)), 24)),
}


def chosen(kind: str, seed: int) -> list[dict]:
    """The table of ``probe`` on a made-up case."""
    make, _, tried = CASES[kind]
    rng = np.random.default_rng([seed, sorted(CASES).index(kind)])
    entries = []
    with tempfile.TemporaryDirectory() as folder:
        for label in (0, 1):
            for number in range(CLIPS):
                path = Path(folder) / f"{label}-{number}.wav"
                soundfile.write(path, make(rng, label), RATE_HZ, subtype="FLOAT")
                entries.append(Entry(path.stem, str(path), ("x",), f"class{label}", recording=path.stem))
        return probe(entries, tried, seconds=1.0, folds=4)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--kind", choices=tuple(CASES))
    options = parser.parse_args(arguments)
    rows = []
    for kind, (_, winner, _) in CASES.items():
        for seed in options.seeds if options.kind in (None, kind) else ():
            table = chosen(kind, seed)
            rows.append({"kind": kind, "seed": seed, "planted": winner, "table": table})
            rows[-1]["found"] = table[0]["picture"] == winner
            print(kind, seed, rows[-1]["found"], [(row["picture"], round(row["map"], 3)) for row in table], flush=True)
    found = sum(row["found"] for row in rows)
    print(f"{found} of {len(rows)} planted winners")
    if options.kind is None:
        FIGURES.mkdir(parents=True, exist_ok=True)
        result = {
            "found": found,
            "cases": len(rows),
            "share_of_limit": round(found / (0.9 * len(rows)), 2),
            "rows": rows,
        }
        json_file.write(FIGURES / "choosing.json", result)


if __name__ == "__main__":
    main()
