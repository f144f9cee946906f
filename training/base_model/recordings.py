"""Real recordings for the base model: which of them may teach it, and how few of them become many clips.

A folder holds metadata.csv (file_name, label, licence, source, attribution, source_id). Only open licences teach
shipped weights, only classes of the catalogue that are not held out, and only a share of the source recordings,
chosen by hash: the rest is left to the judges, so that base and judge never share a recording.
"""

import csv
import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset_builder.soundscapes.composer import (
    RATE_HZ,
    SECONDS,
    Event,
    Soundscape,
    describe_events,
    finish,
    level,
    render_event,
)
from dataset_builder.soundscapes.synthesis.catalogue import CATALOGUE, CLASSES
from dataset_builder.soundscapes.synthesis.signals import place, samples, silence
from metrics.judge_training.label_names import class_of, is_open
from spectrogram.files.audio import read_audio

SPEEDS = (0.93, 1.07)
PAIRED_SHARE = 0.3
QUIET_DB = 40
TEXTURES = tuple(label for label in CLASSES if CATALOGUE[label].texture)


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


def find(folders, share):
    """Recordings of the folders that the base may learn from; a folder without metadata.csv holds none."""
    found = []
    for folder in map(Path, folders):
        if not (folder / "metadata.csv").is_file():
            continue
        with open(folder / "metadata.csv", encoding="utf-8-sig", newline="") as table:
            for row in csv.DictReader(table):
                label = class_of(row["label"])
                if label in CLASSES and is_open(row["licence"]) and share_of(row["source_id"]) < share:
                    credit = f"{row['licence']}; {row['attribution']}; {row['source']}"
                    found.append(Recording(folder / row["file_name"], label, row["source_id"], credit))
    return found


def _trim(audio):
    """``audio`` without the silence before and after, which collections pad their clips with."""
    frames = np.abs(audio[: len(audio) // 240 * 240]).reshape(-1, 240).max(axis=1)
    loud = np.flatnonzero(frames > frames.max() * 10 ** (-QUIET_DB / 20))
    return audio[loud[0] * 240 : (loud[-1] + 1) * 240] if len(loud) else audio


def _stretch(rng, audio):
    """Another speed, as of a tape: pitch and pace move together by a few per cent."""
    factor = rng.uniform(*SPEEDS)
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


def vary(rng, audio, label, seconds):
    """One of many clips that a recording can become: window, speed, tilt and level are drawn."""
    texture = CATALOGUE[label].texture
    sound = fill(rng, _stretch(rng, audio if texture else _trim(audio)), seconds, texture)
    return level(_tilt(rng, sound), rng.uniform(-22, -17))


def _chances(recordings):
    """How often each recording is drawn: a class of n recordings √n times as often as a class of one."""
    sizes = Counter(recording.label for recording in recordings)
    weights = np.array([sizes[recording.label] ** -0.5 for recording in recordings])
    return weights / weights.sum()


def compose(seed, index, recordings, read):
    """Soundscape ``index`` of ``seed``: a recording alone, over a synthesised texture, or before or after a sound."""
    rng = np.random.default_rng([seed, index])
    chosen = recordings[rng.choice(len(recordings), p=_chances(recordings))]
    label, audio = chosen.label, read(chosen)
    others = [other for other in CLASSES if other != label]
    relation = ("while", "then")[rng.integers(2)] if rng.random() < PAIRED_SHARE else ""
    if relation == "while" and not CATALOGUE[label].texture:
        other = [t for t in TEXTURES if t != label][rng.integers(len(TEXTURES) - (label in TEXTURES))]
        mix = vary(rng, audio, label, SECONDS)
        mix = mix + render_event(rng, other, SECONDS, ())[0] * 10 ** (-rng.uniform(6, 12) / 20)
        events = [Event(label, 0, SECONDS), Event(other, 0, SECONDS)]
    elif relation == "then":
        other, turn = others[rng.integers(len(others))], rng.uniform(2.2, 2.9)
        pair = [(label, None), (other, None)][:: rng.choice([-1, 1])]
        spans = (turn, SECONDS - turn)
        parts = [
            vary(rng, audio, name, span) if name == label else render_event(rng, name, span, ())[0]
            for (name, _), span in zip(pair, spans, strict=True)
        ]
        mix = silence(SECONDS)
        place(mix, parts[0], 0)
        place(mix, parts[1], turn)
        events = [Event(pair[0][0], 0, turn), Event(pair[1][0], turn, SECONDS)]
    else:
        relation, mix, events = "", vary(rng, audio, label, SECONDS), [Event(label, 0, SECONDS)]
    return Soundscape(finish(rng, mix), describe_events(rng, events, relation, 4), events)


def reader():
    """A function from a Recording to mono audio (samples,) at ``RATE_HZ``, which keeps what it has read."""
    kept = {}

    def read(recording):
        if recording.path not in kept:
            kept[recording.path] = read_audio(recording.path, RATE_HZ, 1)[0][0].astype(np.float64)
        return kept[recording.path]

    return read
