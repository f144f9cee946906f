"""Sounds at their places: stereo of two spaced microphones, or first-order Ambisonics, with the azimuth of each.

Azimuth in degrees, 0 in front, positive to the left (ISO 2631 and AmbiX: counter-clockwise), elevation 0.  Stereo: two
omnidirectional microphones ``SPACING_M`` apart, so that a side is a delay (and a little level by distance).  AmbiX:
channels W, Y, Z, X, SN3D.  The air between is free field; a room is left to ``pyroomacoustics`` (``in_room``).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from spectrogram.problems import EnvironmentProblem, UsageProblem

SPACING_M, SOUND_M_S = 0.2, 343.0
LEFT_DEG, NEAR_M, MIDDLE_M, FAR_M = 60.0, 2.0, 5.0, 20.0
PLACES = (
    (re.compile(r"\b(?:on|to|from|at) the (?:far )?left\b", re.IGNORECASE), LEFT_DEG),
    (re.compile(r"\b(?:on|to|from|at) the (?:far )?right\b", re.IGNORECASE), -LEFT_DEG),
    (re.compile(r"\b(?:behind|at the back)\b", re.IGNORECASE), 180.0),
    (re.compile(r"\b(?:in front|ahead|in the middle|in the centre)\b", re.IGNORECASE), 0.0),
)
DISTANCES = (
    (re.compile(r"\b(distant|far ?away|in the distance)\b", re.IGNORECASE), FAR_M),
    (re.compile(r"\b(close|nearby|near)\b", re.IGNORECASE), NEAR_M),
)


@dataclass(frozen=True)
class Place:
    """Where a sound comes from: ``azimuth_deg`` (-180 to 180, left is positive), ``distance_m``."""

    azimuth_deg: float
    distance_m: float = MIDDLE_M

    def __post_init__(self) -> None:
        if not (-180 <= self.azimuth_deg <= 180 and self.distance_m > 0):
            raise UsageProblem(f"{self} is no place", "-180 to 180 degrees, more than 0 m", "correct it")


def place_in(words: str) -> tuple[str, Place | None]:
    """(the words without those that place it, the place) of "a robin on the left"; None where nothing places it."""
    azimuth = next(((pattern, deg) for pattern, deg in PLACES if pattern.search(words)), None)
    distance = next((metres for pattern, metres in DISTANCES if pattern.search(words)), MIDDLE_M)
    if azimuth is None:
        return words, None
    return " ".join(azimuth[0].sub(" ", words).split()), Place(azimuth[1], distance)


def delayed(sound: np.ndarray, seconds: float, rate_hz: int) -> np.ndarray:
    """The sound so much later (earlier below 0), exact between samples; what leaves the ends is lost."""
    room = int(abs(seconds) * rate_hz) + 64
    padded = np.pad(np.asarray(sound, np.float64), room)
    hz = np.fft.rfftfreq(len(padded), 1 / rate_hz)
    moved = np.fft.irfft(np.fft.rfft(padded) * np.exp(-2j * np.pi * hz * seconds), len(padded))
    return moved[room : room + len(sound)]


def stereo(sound: np.ndarray, place: Place, rate_hz: int) -> np.ndarray:
    """(2, samples): left and right microphone; the level is that of ``MIDDLE_M`` there, 6 dB less at twice that."""
    angle = math.radians(place.azimuth_deg)
    source = np.array([place.distance_m * math.cos(angle), place.distance_m * math.sin(angle)])
    ears = np.array([[0.0, SPACING_M / 2], [0.0, -SPACING_M / 2]])
    ways = np.linalg.norm(source - ears, axis=1)
    later = (ways - place.distance_m) / SOUND_M_S
    return np.stack([delayed(sound, s, rate_hz) * MIDDLE_M / way for s, way in zip(later, ways, strict=True)])


def ambisonics(sound: np.ndarray, place: Place) -> np.ndarray:
    """(4, samples): W, Y, Z, X (AmbiX order, SN3D)."""
    angle = math.radians(place.azimuth_deg)
    gains = np.array([1.0, math.sin(angle), 0.0, math.cos(angle)]) * MIDDLE_M / place.distance_m
    return gains[:, None] * np.asarray(sound, np.float64)


def scene(sounds: list[tuple[np.ndarray, Place]], rate_hz: int, layout: str = "stereo") -> np.ndarray:
    """All sounds at their places, float32 (channels, samples) below full scale; ``layout`` stereo or ambisonics."""
    if layout not in ("stereo", "ambisonics"):
        raise UsageProblem(f"there is no layout {layout!r}", "stereo or ambisonics", "choose one")
    length = max(len(sound) for sound, _ in sounds)
    total = np.zeros((2 if layout == "stereo" else 4, length))
    for sound, place in sounds:
        heard = stereo(sound, place, rate_hz) if layout == "stereo" else ambisonics(sound, place)
        total[:, : heard.shape[1]] += heard
    return (total / max(1.0, float(np.abs(total).max()))).astype(np.float32)


def in_room(
    sounds: list[tuple[np.ndarray, Place]],
    rate_hz: int,
    size_m: tuple[float, float, float] = (30, 30, 8),
    absorption: float = 0.4,
) -> np.ndarray:
    """The stereo scene in a room of given walls, by image sources (needs the package pyroomacoustics)."""
    try:
        import pyroomacoustics
    except ImportError as error:
        raise EnvironmentProblem(
            "pyroomacoustics is not installed", "the package", 'pip install "sd-audio-spectrograms[bio]"'
        ) from error
    middle = np.array(size_m) / 2
    room = pyroomacoustics.ShoeBox(size_m, fs=rate_hz, materials=pyroomacoustics.Material(absorption), max_order=6)
    aside = np.array([0, SPACING_M / 2, 0])
    ears = np.stack([middle + aside, middle - aside], axis=1)
    room.add_microphone_array(ears)
    for sound, place in sounds:
        angle = math.radians(place.azimuth_deg)
        offset = place.distance_m * np.array([math.cos(angle), math.sin(angle), 0.0])
        room.add_source(np.clip(middle + offset, 0.1, np.array(size_m) - 0.1), signal=np.asarray(sound, float))
    room.simulate()
    heard = room.mic_array.signals
    return (heard / max(1.0, float(np.abs(heard).max()))).astype(np.float32)
