"""Engines, rotors, rails and fans."""

import numpy as np

from dataset_builder.soundscapes.synthesis.signals import (
    RATE_HZ,
    band_noise,
    place,
    rhythm,
    silence,
    strike,
    times,
    tone,
    wander,
)


def engine(rng, seconds, pitch, pace):
    """An idling engine: a firing pulse train with low harmonics."""
    f = rng.uniform(38, 52) * pitch * (1 + 0.04 * wander(rng, seconds, 1.5, -1, 1))
    weights = [rng.uniform(0.5, 1) / k**0.7 for k in range(1, 22)]
    angle = 2 * np.pi * np.cumsum(f) / RATE_HZ
    chug = 0.55 + 0.45 * np.sin(angle / 5) * np.sin(angle / 10 + 1)
    return (tone(f, weights=weights) + 0.35 * band_noise(rng, seconds, 60, 1500, slope=-0.5)) * chug


def helicopter(rng, seconds, pitch, pace):
    """Rotor: noise chopped by the blades, with a low thump on every chop."""
    rate = rng.uniform(10.5, 12.5) * pace
    chop = np.maximum(0, np.sin(2 * np.pi * rate * times(seconds) + rng.uniform(0, 6))) ** 3
    body = band_noise(rng, seconds, 80, 1800, slope=-0.6)
    thump = band_noise(rng, seconds, 40, 160, slope=-0.2)
    whine = 0.06 * tone(rng.uniform(900, 1300), seconds, weights=(1, 0.5))
    return body * (0.12 + chop) + 0.9 * thump * chop + whine


def chainsaw(rng, seconds, pitch, pace):
    """A two-stroke scream that revs up and down."""
    rev = np.interp(times(seconds), np.linspace(0, seconds, 7), rng.uniform(0.75, 1.3, 7))
    f = rng.uniform(115, 150) * pitch * rev
    weights = [1 / k**0.35 for k in range(1, 40)]
    return tone(f, weights=weights) * 0.3 + 0.8 * band_noise(rng, seconds, 900, 7000, slope=-0.2) * rev


def train(rng, seconds, pitch, pace):
    """Wheels over rail joints: pairs of clacks over a rolling rumble."""
    total = 0.25 * band_noise(rng, seconds, 50, 700, slope=-0.6)
    for at in rhythm(rng, seconds, 1.15 * pace, 0.03):
        for k, gap in enumerate((0, 0.14 / np.sqrt(pace))):
            clack = band_noise(rng, 0.09, 250, 3200, slope=-0.4) * strike(0.09, 0.002, 0.02)
            place(total, clack, at + gap, 1.6 - 0.4 * k)
    return total


def fan(rng, seconds, pitch, pace):
    """A steady electric hum with harmonics of the mains and moving air."""
    f = 98 * pitch * rng.uniform(0.95, 1.05)
    hum = tone(f, seconds, weights=(1, 0.8, 0.2, 0.5, 0.1, 0.25, 0.05, 0.1))
    return hum + 0.3 * band_noise(rng, seconds, 150, 2500, slope=-0.6)


def laser_zap(rng, seconds, pitch, pace):
    """A science-fiction weapon: very fast falling sweeps."""
    total = silence(seconds)
    top = rng.uniform(4500, 6000) * pitch
    for at in rhythm(rng, seconds, 1.8 * pace, 0.15):
        length = rng.uniform(0.22, 0.32)
        curve = 180 + (top - 180) * np.exp(-times(length) / 0.06)
        place(total, tone(curve, weights=(1, 0.35, 0.15)) * strike(length, 0.002, 0.14), at)
    return total
