"""Long recordings whose truth is known: cut-out calls over weather and places, at 0 to 20 dB, as wav and Raven tables.

Calls of the learning and of the test half come from different source recordings.  The backgrounds of the test half are
of other kinds and other recordings than those of the learning half.
"""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from pathlib import Path

import numpy as np
import soundfile

from spectrogram.files.annotations import Annotation, write_annotations
from spectrogram.files.audio import read_audio

RATE_HZ = 16_000
CLASSES = ("birdsong", "cat_meow", "crying_baby", "dog_bark", "rooster")
BACKGROUNDS = {
    "learn": {"esc10": ("rain", "sea_waves", "crackling_fire", "helicopter")},
    "test": {"openset": ("wind", "stream"), "ambience": ("boat", "city", "crowd_chatter", "train", "wind", "stream")},
}
FRAME_S, WITHIN_DB, GAP_S = 0.02, 25.0, 0.3
SHORTEST_S, LONGEST_S, MOST_OF_A_RECORDING = 0.2, 5.0, 8
EVERY_S, RATIO_DB, LEVEL_DB = 6.0, (0.0, 20.0), (-50.0, -30.0)


def rows_of(data: Path, name: str) -> list[dict]:
    with (data / name / "metadata.csv").open(encoding="utf-8-sig", newline="") as file:
        return [row | {"path": str(data / name / row["file_name"])} for row in csv.DictReader(file)]


def halves(rows: list[dict]) -> dict[str, str]:
    """{source recording: half}: of every class every second recording tests, in an order that a hash decides."""
    found: dict[str, str] = {}
    for label in CLASSES:
        own = {row["source_id"] for row in rows if row["label"] == label} - set(found)
        order = sorted(own, key=lambda one: hashlib.sha256(one.encode()).hexdigest())
        found |= {one: ("learn", "test")[place % 2] for place, one in enumerate(order)}
    return found


def calls(data: Path, half: str) -> dict[str, list[np.ndarray]]:
    """{class: calls}, each cut from where its recording is not silent; no more than a few of one recording."""
    found: dict[str, list[np.ndarray]] = defaultdict(list)
    rows = rows_of(data, "esc10") + rows_of(data, "openset")
    of_source = halves(rows)
    for row in rows:
        if row["label"] in CLASSES and of_source[row["source_id"]] == half:
            audio = read_audio(row["path"], RATE_HZ, 1)[0][0]
            found[row["label"]] += spans(audio)[:MOST_OF_A_RECORDING]
    return dict(found)


def spans(audio: np.ndarray) -> list[np.ndarray]:
    """The parts of a recording that are within ``WITHIN_DB`` of its loudest moment, short gaps closed."""
    size = round(FRAME_S * RATE_HZ)
    power = np.square(audio[: len(audio) // size * size]).reshape(-1, size).mean(axis=1)
    on = power > power.max(initial=1e-10) * 10 ** (-WITHIN_DB / 10)
    edges = np.flatnonzero(np.diff(np.r_[0, on.astype(np.int8), 0])).reshape(-1, 2)
    joined: list[list[int]] = []
    for start, end in edges:
        if joined and (start - joined[-1][1]) * FRAME_S <= GAP_S:
            joined[-1][1] = end
        else:
            joined.append([start, end])
    cut = [audio[a * size : b * size] for a, b in joined]
    return [one[: round(LONGEST_S * RATE_HZ)] for one in cut if len(one) >= SHORTEST_S * RATE_HZ]


def backgrounds(data: Path, half: str) -> list[tuple[str, np.ndarray]]:
    """(source, samples) of every background of a half, repeated to at least half a minute with faded seams."""
    found = []
    for name, labels in BACKGROUNDS[half].items():
        for row in rows_of(data, name):
            if row["label"] in labels:
                audio = read_audio(row["path"], RATE_HZ, 1)[0][0]
                if len(audio) >= 2 * RATE_HZ and audio.std() > 1e-4:
                    found.append((row["source_id"], audio))
    return found


def looped(audio: np.ndarray, length: int) -> np.ndarray:
    """A sound repeated to a length; repetitions overlap by half a second, their powers adding to one."""
    seam = RATE_HZ // 2
    ramp = np.sin(np.linspace(0, np.pi / 2, seam))
    piece = audio.astype(np.float64).copy()
    piece[:seam] *= ramp
    piece[-seam:] *= ramp[::-1]
    out = np.zeros(length + len(piece))
    for start in range(0, length, len(piece) - seam):
        out[start : start + len(piece)] += piece
    return out[:length]


def compose(data: Path, out: Path, half: str, count: int, seconds: float, seed: int) -> list[Path]:
    """``count`` recordings OUT/HALF-000.wav with Raven tables; those that are there are kept.

    Returns their paths.  Each has one background at a random level and a call every six seconds on average.
    """
    out.mkdir(parents=True, exist_ok=True)
    own, places = calls(data, half), backgrounds(data, half)
    files = []
    for number in range(count):
        path = out / f"{half}-{seed}-{number:03d}.wav"
        files.append(path)
        rng = np.random.default_rng([seed, number, half == "test"])
        total = looped(places[number % len(places)][1], round(seconds * RATE_HZ))
        level = rng.uniform(*LEVEL_DB)
        total *= 10 ** (level / 20) / total.std()
        events = []
        for _ in range(round(seconds / EVERY_S)):
            label = CLASSES[int(rng.integers(len(CLASSES)))]
            call = own[label][int(rng.integers(len(own[label])))]
            start = int(rng.integers(len(total) - len(call)))
            onset, offset = start / RATE_HZ, (start + len(call)) / RATE_HZ
            if any(e.label == label and onset < e.offset_s + 1 and offset > e.onset_s - 1 for e in events):
                continue
            gain = 10 ** ((level + rng.uniform(*RATIO_DB)) / 20) / call.std()
            total[start : start + len(call)] += gain * call
            events.append(Annotation(round(onset, 3), round(offset, 3), label))
        if not path.is_file():
            peak = max(1.0, np.abs(total).max() / 0.98)
            soundfile.write(path, total / peak, RATE_HZ, subtype="PCM_16")
            write_annotations(path.with_name(f"{path.stem}.selections.txt"), sorted(events), "raven", seconds)
    return files
