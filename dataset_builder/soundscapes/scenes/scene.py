"""What a scene is: numbers alone, drawn once from a seed, so that rendering draws nothing that matters."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from dataset_builder.soundscapes.scenes.bank import Bank, Sound

PLACE = re.compile(r"\b(ambien[ct]e|soundscape|atmosphere|outdoors?|street|room)\b", re.IGNORECASE)
DISTANCES = ("near", "", "far")
LEAST_SIDE_DEG, BEHIND_DEG = 25.0, 135.0


@dataclass(frozen=True)
class Ranges:
    """What the numbers of a scene are drawn from (uniformly); ``distance`` holds the weights of near, middle, far.

    ``layout`` is one of ``places.LAYOUTS``; sides are drawn for those that have any.
    """

    seconds: float = 5.12
    rate_hz: int = 44_100
    event_count: tuple[int, int] = (1, 2)
    event_seconds: tuple[float, float] = (1.5, 3.5)
    snr_db: tuple[float, float] = (6.0, 20.0)
    background_db: tuple[float, float] = (-48.0, -34.0)
    pitch_semitones: tuple[float, float] = (-2.0, 2.0)
    stretch: tuple[float, float] = (0.9, 1.15)
    distance: tuple[float, float, float] = (0.2, 0.6, 0.2)
    followed_share: float = 0.5
    layout: str = "mono"
    azimuth_deg: tuple[float, float] = (-75.0, 75.0)


@dataclass(frozen=True)
class Layer:
    """One event: when it begins, how long it may last, how it is changed, how loud it is above the background."""

    sound: Sound
    onset_s: float
    seconds: float
    snr_db: float
    pitch_semitones: float = 0.0
    stretch: float = 1.0
    distance: str = ""
    azimuth_deg: float | None = None

    @property
    def phrase(self) -> str:
        """``a distant robin on the left``: what a caption calls it."""
        return ("a distant " if self.distance == "far" else "") + without_article(self) + side(self.azimuth_deg)


@dataclass(frozen=True)
class Scene:
    """``background`` None is near silence; ``seed`` decides which part of a long sound is taken."""

    seconds: float
    rate_hz: int
    background: Sound | None
    background_db: float
    layers: tuple[Layer, ...]
    seed: tuple[int, int]
    captions: tuple[str, ...] = field(default=())
    layout: str = "mono"


def drawn(bank: Bank, ranges: Ranges, seed: int, index: int) -> Scene:
    """Scene ``index`` of a seed: events under or after one another over a background, with its caption."""
    rng = np.random.default_rng([seed, index])
    background = one_of(rng, bank.backgrounds[pick(rng, sorted(bank.backgrounds))]) if bank.backgrounds else None
    # A sound before a background of the same kind could not be told from it.
    labels = [label for label in sorted(bank.events) if not background or label != background.label]
    labels = labels or sorted(bank.events)
    count = min(len(labels), int(rng.integers(ranges.event_count[0], ranges.event_count[1] + 1)))
    sounds = [one_of(rng, bank.events[labels[place]]) for place in rng.permutation(len(labels))[:count]]
    followed = count > 1 and rng.random() < ranges.followed_share
    layers = tuple(layer(rng, sound, place, count if followed else 1, ranges) for place, sound in enumerate(sounds))
    level_db = float(rng.uniform(*ranges.background_db))
    caption = worded(layers, background, level_db, followed, ranges)
    return Scene(ranges.seconds, ranges.rate_hz, background, level_db, layers, (seed, index), (caption,), ranges.layout)


def layer(rng: np.random.Generator, sound: Sound, place: int, turns: int, ranges: Ranges) -> Layer:
    """An event somewhere in the scene, or in the ``place``-th of several ``turns`` that follow each other."""
    turn_s = ranges.seconds / turns
    seconds = min(float(rng.uniform(*ranges.event_seconds)), turn_s)
    onset_s = (place if turns > 1 else 0) * turn_s + float(rng.uniform(0, turn_s - seconds))
    return Layer(
        sound=sound,
        onset_s=round(onset_s, 3),
        seconds=round(seconds, 3),
        snr_db=round(float(rng.uniform(*ranges.snr_db)), 2),
        pitch_semitones=round(float(rng.uniform(*ranges.pitch_semitones)), 2),
        stretch=round(float(rng.uniform(*ranges.stretch)), 3),
        distance=str(rng.choice(DISTANCES, p=np.array(ranges.distance) / sum(ranges.distance))),
        azimuth_deg=None if ranges.layout == "mono" else round(float(rng.uniform(*ranges.azimuth_deg)), 1),
    )


def side(azimuth_deg: float | None) -> str:
    """`` on the left`` where a sound is clearly there."""
    if azimuth_deg is None or abs(azimuth_deg) < LEAST_SIDE_DEG:
        return ""
    return " behind" if abs(azimuth_deg) > BEHIND_DEG else " on the left" if azimuth_deg > 0 else " on the right"


def worded(layers: tuple[Layer, ...], background: Sound | None, level_db: float, followed: bool, ranges: Ranges) -> str:
    """``a dog barking in a loud forest followed by rain falling``: the form that prompts have, too."""
    parts = [one.phrase for one in layers]
    text = parts[0]
    if background:
        low, high = ranges.background_db
        quarter = (high - low) / 4
        loudness = "loud" if level_db > high - quarter else "quiet" if level_db < low + quarter else ""
        text += " " + behind(background, loudness)
    joint = " followed by " if followed else " while "
    return text + "".join(joint + part for part in parts[1:])


def behind(background: Sound, loudness: str) -> str:
    """``in a loud forest`` for a place, ``with rain falling loudly in the background`` for all else."""
    if PLACE.search(background.phrase):
        name = " ".join(word for word in (loudness, background.name) if word)
        return f"in {'an' if name[0] in 'aeiou' else 'a'} {name}"
    return f"with {background.phrase} {loudness + 'ly ' if loudness else ''}in the background"


def without_article(one: Layer) -> str:
    first, _, rest = one.sound.phrase.partition(" ")
    return rest if one.distance == "far" and first in ("a", "an", "the") and rest else one.sound.phrase


def one_of(rng: np.random.Generator, sounds: list[Sound]) -> Sound:
    return sounds[int(rng.integers(len(sounds)))]


def pick(rng: np.random.Generator, names: list[str]) -> str:
    return names[int(rng.integers(len(names)))]
