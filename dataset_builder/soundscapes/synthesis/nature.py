"""Weather, water and fire."""

import numpy as np

from dataset_builder.soundscapes.synthesis.signals import (
    band_noise,
    glide,
    place,
    rhythm,
    samples,
    scatter,
    silence,
    strike,
    swell,
    tone,
    wander,
)


def rain(rng, seconds, pitch, pace):
    """Steady hiss of many drops with single drops on top."""
    hiss = band_noise(rng, seconds, 900, 9000, slope=rng.uniform(-0.4, 0.1)) * wander(rng, seconds, 2, 0.85, 1.1)
    for at in scatter(rng, seconds, 60):
        drop = band_noise(rng, 0.012, 1500, rng.uniform(4000, 9000)) * strike(0.012, 0.001, 0.003)
        place(hiss, drop, at, rng.uniform(0.3, 1.6))
    return hiss


def wind(rng, seconds, pitch, pace):
    """Low noise that swells and howls: a moving resonance over pink noise."""
    low = band_noise(rng, seconds, 60, 500, slope=-0.8) * wander(rng, seconds, 0.8, 0.3, 1.0)
    centre = wander(rng, seconds, 0.9, 350, 900)
    howl = tone(centre * (1 + 0.02 * rng.standard_normal(len(centre)).cumsum() / 100))
    breath = band_noise(rng, seconds, 300, 1200) * wander(rng, seconds, 0.8, 0.1, 1.0) ** 2
    return low + 0.7 * breath + 0.12 * howl * wander(rng, seconds, 0.8, 0, 1.0) ** 2


def sea_waves(rng, seconds, pitch, pace):
    """Broad noise that breaks and draws back every few seconds."""
    total = 0.12 * band_noise(rng, seconds, 100, 4000, slope=-0.5)
    for at in rhythm(rng, seconds + 2, 0.38 * pace, 0.12, start_s=rng.uniform(0, 1.2)):
        length = rng.uniform(2.0, 2.8) / max(pace, 0.8)
        wave = band_noise(rng, length, 120, rng.uniform(3500, 7000), slope=-0.4)
        envelope = np.interp(np.linspace(0, 1, samples(length)), [0, 0.3, 0.4, 1], [0, 0.5, 1, 0]) ** 1.5
        place(total, wave * envelope, max(0, at - 1), rng.uniform(0.7, 1.2))
    return total


def thunder(rng, seconds, pitch, pace):
    """A crack followed by a long rolling rumble."""
    total = 0.02 * band_noise(rng, seconds, 60, 600, slope=-0.7)
    at = rng.uniform(0.1, 1.2)
    crack = band_noise(rng, 0.5, 150, 4000, slope=-0.4) * strike(0.5, 0.01, 0.09)
    place(total, crack, at, rng.uniform(0.6, 1.3))
    length = seconds - at
    rumble = band_noise(rng, length, 30, 220, slope=-0.6) * strike(length, 0.25, rng.uniform(0.9, 1.6))
    place(total, rumble * wander(rng, length, 5, 0.3, 1.4), at, 1.3)
    return total


def stream(rng, seconds, pitch, pace):
    """Running water: a bubbling crowd of short rising tones over soft noise."""
    total = 0.35 * band_noise(rng, seconds, 400, 3500, slope=-0.3)
    for at in scatter(rng, seconds, 75):
        length = rng.uniform(0.02, 0.07)
        start = rng.uniform(400, 1900)
        bubble = tone(glide([(0, start), (1, start * rng.uniform(1.1, 1.7))], length)) * swell(length)
        place(total, bubble, at, rng.uniform(0.2, 0.9))
    return total


def water_drops(rng, seconds, pitch, pace):
    """Single drops into still water: a click and a rising ring, with a cave's echo left to the room."""
    total = silence(seconds)
    base = rng.uniform(850, 1250) * pitch
    for at in rhythm(rng, seconds, 1.6 * pace, 0.16):
        f = base * rng.uniform(0.92, 1.08)
        ring = tone(glide([(0, f), (0.3, f * 1.25), (1, f * 1.35)], 0.16)) * strike(0.16, 0.003, 0.035)
        place(total, ring, at, rng.uniform(0.6, 1))
        place(total, ring, at + 0.11, 0.2)
    return total


def crackling_fire(rng, seconds, pitch, pace):
    """Dry snaps of many sizes over a soft roar."""
    total = 0.10 * band_noise(rng, seconds, 80, 900, slope=-0.6) * wander(rng, seconds, 3, 0.5, 1.2)
    for at in scatter(rng, seconds, 22):
        length = rng.uniform(0.006, 0.03)
        snap = band_noise(rng, length, rng.uniform(700, 2500), rng.uniform(5000, 11000)) * strike(
            length, 5e-4, length / 5
        )
        place(total, snap, at, rng.pareto(2.2) * 0.5 + 0.1)
    return np.clip(total, -4, 4)
