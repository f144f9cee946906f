"""Sounds at their places: a stereo pair of microphones, or first-order Ambisonics.

Azimuth in degrees, 0 in front, positive to the left (AmbiX: counter-clockwise), elevation 0, free field.  Stereo: two
cardioids ``SPACING_M`` apart that point ``AIM_DEG`` outwards (ORTF), so that a side is a delay and a level: a picture
keeps levels, and with them the side of a delay.  Ambisonics: channels W, Y, Z, X, SN3D.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from spectrogram.problems import UsageProblem

LAYOUTS = {"mono": 1, "stereo": 2, "ambisonics": 4}
SPACING_M, AIM_DEG, SOUND_M_S = 0.17, 55.0, 343.0
LEFT_DEG, NEAR_M, MIDDLE_M, FAR_M = 60.0, 2.0, 5.0, 20.0
METRES = {"near": NEAR_M, "": MIDDLE_M, "far": FAR_M}
AROUND = 6
PLACES = (
    (re.compile(r",?\s*\b(?:on|to|from|at) the (?:far )?left\b", re.IGNORECASE), LEFT_DEG),
    (re.compile(r",?\s*\b(?:on|to|from|at) the (?:far )?right\b", re.IGNORECASE), -LEFT_DEG),
    (re.compile(r",?\s*\b(?:behind|at the back)\b", re.IGNORECASE), 180.0),
    (re.compile(r",?\s*\b(?:in front|straight ahead|in the (?:middle|centre|center))\b", re.IGNORECASE), 0.0),
)


@dataclass(frozen=True)
class Place:
    """Where a sound comes from: ``azimuth_deg`` (-180 to 180, left is positive), ``distance_m``."""

    azimuth_deg: float
    distance_m: float = MIDDLE_M

    def __post_init__(self) -> None:
        if not (-180 <= self.azimuth_deg <= 180 and self.distance_m > 0):
            raise UsageProblem(f"{self} is no place", "-180 to 180 degrees, more than 0 m", "correct it")


def azimuth_in(words: str) -> tuple[str, float | None]:
    """("a robin", 60) of "a robin on the left"; None where nothing says a side."""
    for pattern, azimuth_deg in PLACES:
        if pattern.search(words):
            return " ".join(pattern.sub(" ", words).split()), azimuth_deg
    return words, None


def delayed(sound: np.ndarray, seconds: float, rate_hz: int) -> np.ndarray:
    """The sound so much later (earlier below 0), exact between samples; what leaves the ends is lost."""
    room = int(abs(seconds) * rate_hz) + 64
    padded = np.pad(np.asarray(sound, np.float64), room)
    hz = np.fft.rfftfreq(len(padded), 1 / rate_hz)
    moved = np.fft.irfft(np.fft.rfft(padded) * np.exp(-2j * np.pi * hz * seconds), len(padded))
    return moved[room : room + len(sound)]


def stereo(sound: np.ndarray, place: Place, rate_hz: int) -> np.ndarray:
    """(2, samples): left and right cardioid, as loud in front as the sound itself."""
    angle = math.radians(place.azimuth_deg)
    source = np.array([place.distance_m * math.cos(angle), place.distance_m * math.sin(angle)])
    ears = np.array([[0.0, SPACING_M / 2], [0.0, -SPACING_M / 2]])
    later = (np.linalg.norm(source - ears, axis=1) - place.distance_m) / SOUND_M_S
    in_front = cardioid(AIM_DEG)
    gains = [cardioid(place.azimuth_deg - aim) / in_front for aim in (AIM_DEG, -AIM_DEG)]
    return np.stack([delayed(sound, s, rate_hz) * gain for s, gain in zip(later, gains, strict=True)])


def cardioid(off_axis_deg: float) -> float:
    return 0.5 * (1 + math.cos(math.radians(off_axis_deg)))


def ambisonics(sound: np.ndarray, place: Place) -> np.ndarray:
    """(4, samples): W, Y, Z, X (AmbiX order, SN3D), W as loud as the sound itself."""
    angle = math.radians(place.azimuth_deg)
    return np.array([1.0, math.sin(angle), 0.0, math.cos(angle)])[:, None] * np.asarray(sound, np.float64)


def placed_in(layout: str, sound: np.ndarray, place: Place, rate_hz: int) -> np.ndarray:
    """(channels, samples) of a sound at a place; mono is the sound itself.

    Raises UsageProblem for a layout that is none of ``LAYOUTS``.
    """
    if layout not in LAYOUTS:
        raise UsageProblem(f"there is no layout {layout!r}", f"one of {', '.join(LAYOUTS)}", "choose one")
    if layout == "mono":
        return np.asarray(sound)[None]
    return stereo(sound, place, rate_hz) if layout == "stereo" else ambisonics(sound, place)


def around(layout: str, sound: np.ndarray, rate_hz: int) -> np.ndarray:
    """A background from everywhere: the sound from ``AROUND`` sides, each at another moment of it."""
    if layout == "mono":
        return placed_in(layout, sound, Place(0.0), rate_hz)
    total = np.zeros((LAYOUTS[layout], len(sound)))
    for number in range(AROUND):
        azimuth_deg = -150.0 + 360.0 * number / AROUND
        moved = np.roll(sound, number * len(sound) // AROUND)
        total += placed_in(layout, moved, Place(azimuth_deg), rate_hz) / math.sqrt(AROUND)
    return total


def to_cardioids(audio: np.ndarray) -> np.ndarray:
    """(4, samples) of AmbiX as four cardioids: front left, front right, back left, back right, at 45 and 135 degrees.

    So an Ambisonic scene is two stereo pictures.
    """
    w, y, _, x = audio
    half = math.sqrt(0.5)
    return np.stack([0.5 * (w + half * (a * x + b * y)) for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1))])


def from_cardioids(cardioids: np.ndarray) -> np.ndarray:
    """AmbiX (4, samples) of four cardioids, the inverse of ``to_cardioids`` with Z silent."""
    fl, fr, bl, br = cardioids
    whole = (fl + fr + bl + br) / 2
    double = math.sqrt(0.5)
    return np.stack([whole, (fl - fr + bl - br) * double, np.zeros_like(fl), (fl + fr - bl - br) * double])
