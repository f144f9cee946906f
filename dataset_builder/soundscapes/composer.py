"""Soundscapes that the project composes itself: audio, captions and strong labels from a seed.

A soundscape holds one sound, one sound over another ("while"), or one after another ("then"). Everything random
comes from ``numpy.random.default_rng([seed, index])``: clip 7 of seed 3 is the same on every machine.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dataset_builder.soundscapes.folder import SceneFolder
from dataset_builder.soundscapes.labels import Event
from dataset_builder.soundscapes.synthesis import captions
from dataset_builder.soundscapes.synthesis.catalogue import CATALOGUE, CLASSES
from dataset_builder.soundscapes.synthesis.signals import RATE_HZ, band_noise, reverberate, samples, silence

SECONDS = 5.12
EVERY_CLASS = tuple(CATALOGUE)
VALUES = {"pitch": {"low": (0.5, 0.66), "high": (1.5, 2.0)}, "pace": {"slow": (0.45, 0.62), "fast": (1.6, 2.2)}}
MIDDLE = (0.8, 1.25)
SPOKEN_SHARE = 0.35


@dataclass
class Soundscape:
    """Audio of shape (samples,) in [-1, 1] at ``RATE_HZ`` with its captions and events; ``real``: with a recording."""

    audio: np.ndarray
    captions: list[str]
    events: list[Event] = field(default_factory=list)
    real: bool = False

    @property
    def label(self):
        return self.events[0].label


def _choose_attributes(rng, sound, spoken_share):
    """Multipliers for pitch and pace, and the attributes that the caption says aloud."""
    factors, spoken = {"pitch": 1.0, "pace": 1.0}, []
    for name, possible in (("pitch", sound.takes_pitch), ("pace", sound.takes_pace)):
        factors[name] = rng.uniform(*MIDDLE)
        if possible and rng.random() < spoken_share:
            value = list(VALUES[name])[rng.integers(2)]
            factors[name] = np.exp(rng.uniform(*np.log(VALUES[name][value])))
            spoken.append((name, value))
    if rng.random() < 0.12:
        spoken.append(("distance", ("far", "near")[rng.integers(2)]))
    return factors, tuple(spoken)


def level(sound, rms_db):
    """``sound`` at a level measured over its loud parts, so that sparse clicks and steady noise sound alike."""
    frames = sound[: len(sound) // 480 * 480].reshape(-1, 480)
    power = np.sort(np.mean(frames**2, axis=1))[-max(1, len(frames) // 5) :].mean()
    return sound * 10 ** (rms_db / 20) / max(np.sqrt(power), 1e-9)


def render_event(rng, label, seconds, spoken=None, spoken_share=SPOKEN_SHARE):
    """One sound of a class and its spoken attributes; ``spoken`` fixes them, e.g. ``(("pitch", "high"),)``.

    Without it a pitch or pace that the class can take is spoken with the probability ``spoken_share``.
    """
    sound = CATALOGUE[label]
    factors, said = _choose_attributes(rng, sound, spoken_share)
    if spoken is not None:
        said = tuple(spoken)
        for name, value in said:
            if name in VALUES:
                factors[name] = np.exp(rng.uniform(*np.log(VALUES[name][value])))
    audio = sound.generate(rng, seconds, factors["pitch"], factors["pace"])
    distance = dict(said).get("distance")
    room = {"far": (0.9, 0.75), "near": (0.15, 0.05)}.get(distance, (0.3, rng.uniform(0.0, 0.3)))
    audio = reverberate(rng, audio, *room)
    if distance == "far":
        audio = np.convolve(audio, np.hanning(14) / np.hanning(14).sum(), "same")
    level_db = {"far": -30.0, "near": -14.0}.get(distance, rng.uniform(-22, -17))
    return level(audio, level_db), said


def describe_events(rng, events, relation, count):
    """``count`` different wordings of what is heard; relation is "", "while", "then" or "at" (the second's place)."""
    texts = []
    for _ in range(4 * count):
        parts = [
            captions.describe(
                rng, CATALOGUE[e.label].phrases[rng.integers(len(CATALOGUE[e.label].phrases))], e.attributes
            )
            for e in events
        ]
        if relation == "at":
            text = captions.locate(rng, parts[0], events[1].label)
        else:
            text = parts[0] if len(parts) == 1 else captions.join(rng, *parts, relation)
        text = captions.open_caption(rng, text)
        if text not in texts:
            texts.append(text)
    return texts[:count]


def _compose_pair(rng, first, second, relation, spoken_share):
    """Two sounds under or after one another and their strong labels."""
    if relation == "while":
        a, said_a = render_event(rng, first, SECONDS, None, spoken_share)
        b, said_b = render_event(rng, second, SECONDS, None, spoken_share)
        mix = a + b * 10 ** (-rng.uniform(4, 9) / 20)
        return mix, [Event(first, 0, SECONDS, said_a), Event(second, 0, SECONDS, said_b)]
    turn = rng.uniform(2.2, 2.9)
    mix = silence(SECONDS)
    a, said_a = render_event(rng, first, turn, None, spoken_share)
    b, said_b = render_event(rng, second, SECONDS - turn, None, spoken_share)
    mix[: len(a)] += a
    mix[-len(b) :] += b
    return mix, [Event(first, 0, turn, said_a), Event(second, turn, SECONDS, said_b)]


def finish(rng, audio):
    """``audio`` over a faint noise floor, as every microphone has one; float32 in [-1, 1], at most ``SECONDS`` long."""
    audio = audio + 10 ** (rng.uniform(-75, -58) / 20) * band_noise(rng, SECONDS, 50, 9000, slope=-0.4)
    return np.clip(audio, -1, 1).astype(np.float32)[: samples(SECONDS)]


def compose(seed, index, classes=CLASSES, pair_share=0.25, wordings=4, spoken_share=SPOKEN_SHARE):
    """Soundscape ``index`` of ``seed``: about ``pair_share`` of them hold two sounds."""
    rng = np.random.default_rng([seed, index])
    labels = rng.permutation(len(classes))
    first = classes[labels[0]]
    if rng.random() < pair_share and len(classes) > 1:
        relation = ("while", "then")[rng.integers(2)]
        second = classes[labels[1]]
        if relation == "while" and CATALOGUE[first].texture and not CATALOGUE[second].texture:
            first, second = second, first
        audio, events = _compose_pair(rng, first, second, relation, spoken_share)
    else:
        relation = ""
        audio, said = render_event(rng, first, SECONDS, None, spoken_share)
        events = [Event(first, 0, SECONDS, said)]
    audio = finish(rng, audio)
    return Soundscape(audio, describe_events(rng, events, relation, wordings), events)


def _row(scape, seed, index):
    return {
        "caption": scape.captions[0],
        "label": scape.label,
        "licence": "CC0 1.0",
        "source": "synthesised by sd-audio-spectrograms",
        "attribution": "none needed",
        "source_id": f"synthetic:{seed}:{index}",
        "more_captions": "|".join(scape.captions[1:]),
        "attributes": " ".join(f"{n}={v}" for n, v in scape.events[0].attributes),
    }


def write(out, clips, seed, classes=CLASSES, pair_share=0.25, progress=lambda done: None):
    """Write ``clips`` soundscapes as FLAC with metadata.csv, strong_labels.csv and jams/; returns the first's path."""
    out = Path(out)
    with SceneFolder(out, ("attributes",)) as folder:
        for index in range(clips):
            scape = compose(seed, index, classes, pair_share)
            stem = f"{index:06d}_{scape.label}"
            about = {"captions": scape.captions, "seed": [seed, index]}
            folder.add(stem, scape.audio, RATE_HZ, _row(scape, seed, index), scape.events, SECONDS, about)
            progress(index + 1)
    return out / "metadata.csv"
