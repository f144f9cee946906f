"""Real recordings for the base model: which of them may teach it, and how few of them become many clips.

A folder holds metadata.csv (file_name, label, licence, source, attribution, source_id). Only open licences teach
shipped weights, only classes of the catalogue that are not held out, and only a share of the source recordings,
chosen by hash: the rest is left to the judges, so that base and judge never share a recording.
"""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset_builder.soundscapes.composer import RATE_HZ, VALUES, level
from dataset_builder.soundscapes.synthesis.catalogue import CATALOGUE, CLASSES
from dataset_builder.soundscapes.synthesis.signals import place, samples, silence
from metrics.judge_training.label_names import class_of, is_open
from spectrogram.files.audio import read_audio

SPEEDS = (0.93, 1.07)
LEVELS_DB = {"far": -30.0, "near": -14.0}
QUIET_DB = 40
NAMELESS = ("CC0", "PUBLIC DOMAIN", "MIT")  # licences that ask for no author's name beside the clip


@dataclass(frozen=True)
class Recording:
    """One file of a source recording, its class, and what its licence asks us to say."""

    path: Path
    label: str
    source_id: str
    credit: str


def share_of(source_id):
    """A number in [0, 1) that depends on the recording's identifier alone: who may learn from it is decided by it."""
    return int(hashlib.sha256(f"base|{source_id}".encode()).hexdigest()[:8], 16) / 2**32


def may_teach(row, share):
    """Whether shipped weights may learn from a row of metadata.csv.

    Its licence must be open; where the collection splits its sources it must lie on their side for training, with an
    author named unless the licence asks for no name; elsewhere the hash of its source decides.
    """
    if not is_open(row["licence"]):
        return False
    if "split" in row:
        named = row.get("author_known") == "yes" or row["licence"].upper().startswith(NAMELESS)
        return row["split"] == "train" and named
    return share_of(row["source_id"]) < share


def may_judge(row, share):
    """Whether a row of metadata.csv is left to judges: no source that may teach, whatever its licence."""
    return row["split"] == "held" if "split" in row else share_of(row["source_id"]) >= share


def rows(folders):
    """(folder, row) of every metadata.csv; a folder without one holds none."""
    for folder in map(Path, folders):
        if (folder / "metadata.csv").is_file():
            with open(folder / "metadata.csv", encoding="utf-8-sig", newline="") as table:
                yield from ((folder, row) for row in csv.DictReader(table))


def _recording(folder, row):
    credit = f"{row['licence']}; {row['attribution']}; {row['source']}"
    return Recording(folder / row["file_name"], class_of(row["label"]), row["source_id"], credit)


def find(folders, share, labels=CLASSES):
    """Recordings of the folders that the base may learn from."""
    found = (_recording(*pair) for pair in rows(folders) if may_teach(pair[1], share))
    return [recording for recording in found if recording.label in labels]


def find_held(folders, share, labels=CLASSES):
    """Recordings of the folders that the base never hears."""
    found = (_recording(*pair) for pair in rows(folders) if may_judge(pair[1], share))
    return [recording for recording in found if recording.label in labels]


def _trim(audio):
    """``audio`` without the silence before and after, which collections pad their clips with."""
    frames = np.abs(audio[: len(audio) // 240 * 240]).reshape(-1, 240).max(axis=1)
    loud = np.flatnonzero(frames > frames.max() * 10 ** (-QUIET_DB / 20))
    return audio[loud[0] * 240 : (loud[-1] + 1) * 240] if len(loud) else audio


def _stretch(rng, audio, spoken=()):
    """Another speed, as of a tape: pitch and pace move together, by a few per cent or as far as the words ask."""
    factor = rng.uniform(*SPEEDS)
    for name, value in spoken:
        if name in VALUES:
            factor *= np.exp(rng.uniform(*np.log(VALUES[name][value])))
    return np.interp(np.arange(0, len(audio) - 1, factor), np.arange(len(audio)), audio)


def _tilt(rng, audio):
    """A straight tilt of up to 4 dB a decade around 1 kHz, as of another microphone."""
    frequencies = np.maximum(np.fft.rfftfreq(len(audio), 1 / RATE_HZ), 30)
    gain = 10 ** (rng.uniform(-4, 4) * np.log10(frequencies / 1000) / 20)
    return np.fft.irfft(np.fft.rfft(audio) * gain, len(audio))


def fill(rng, audio, seconds, texture):
    """A window of ``seconds``: cut at a random place, or textures joined end to end, or events placed in silence."""
    wanted = samples(seconds)
    if len(audio) >= wanted:
        start = rng.integers(len(audio) - wanted + 1)
        return audio[start : start + wanted]
    canvas, fade = silence(seconds), min(1200, len(audio) // 4)
    ramp = np.ones(len(audio))
    ramp[:fade], ramp[len(audio) - fade :] = np.linspace(0, 1, fade), np.linspace(1, 0, fade)
    if texture:
        start = -int(rng.integers(len(audio) - fade))
        while start < wanted:
            piece = (audio * ramp)[max(0, -start) :]
            place(canvas, piece, max(0, start) / RATE_HZ)
            start += len(audio) - fade
        return canvas
    at = rng.uniform(0, min(1.0, seconds - len(audio) / RATE_HZ))
    repeat = rng.random() < 0.6
    while at < seconds - 0.2:
        place(canvas, audio * ramp, at, rng.uniform(0.7, 1))
        at += len(audio) / RATE_HZ + rng.uniform(0.1, 1.0)
        if not repeat:
            break
    return canvas


def vary(rng, audio, label, seconds, spoken=()):
    """One of many clips that a recording can become: window, speed, tilt and level are drawn; loud parts lead."""
    texture = CATALOGUE[label].texture
    sound = fill(rng, _stretch(rng, audio if texture else _trim(audio), spoken), seconds, texture)
    return level(_tilt(rng, sound), LEVELS_DB.get(dict(spoken).get("distance")) or rng.uniform(-22, -17))


def reader():
    """A function from a Recording to mono audio (samples,) at ``RATE_HZ``, which keeps what it has read."""
    kept = {}

    def read(recording):
        if recording.path not in kept:
            kept[recording.path] = read_audio(recording.path, RATE_HZ, 1)[0][0].astype(np.float64)
        return kept[recording.path]

    return read
