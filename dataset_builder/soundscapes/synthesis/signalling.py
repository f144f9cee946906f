"""Alarms, bells, horns and instruments: sounds that are made to be noticed."""

import numpy as np

from dataset_builder.soundscapes.synthesis.signals import (
    glide,
    partials,
    place,
    rhythm,
    samples,
    silence,
    strike,
    swell,
    times,
    tone,
)

BELL = (0.5, 1.0, 1.2, 1.5, 2.0, 2.7, 3.0)


def siren(rng, seconds, pitch, pace):
    """An emergency siren: one strong tone that glides up and down without a break."""
    f = rng.uniform(750, 850) * pitch
    swing = 0.5 - 0.5 * np.cos(2 * np.pi * 0.42 * pace * times(seconds) + rng.uniform(0, 6))
    return tone(f * 1.9**swing, weights=(1, 0.45, 0.25, 0.1))


def alarm_beep(rng, seconds, pitch, pace):
    """An electronic alarm: short equal beeps."""
    total = silence(seconds)
    f = rng.uniform(1800, 2150) * pitch
    rate = 2.4 * pace
    length = min(0.2, 0.45 / rate)
    envelope = np.minimum(1, 8 * swell(length))
    for at in rhythm(rng, seconds, rate, 0.0):
        place(total, tone(f, length, weights=(1, 0, 0.25)) * envelope, at)
    return total


def telephone(rng, seconds, pitch, pace):
    """An old telephone: two small bells struck 25 times a second, ringing for a second or two at a time."""
    total = silence(seconds)
    f = rng.uniform(1250, 1500) * pitch
    on_s, off_s = 1.1 / pace, 0.75 / pace
    at = rng.uniform(0, 0.5)
    while at < seconds - 0.2:
        t = times(on_s)
        ring = tone(f, on_s, weights=(1, 0.3)) + 0.8 * tone(1.27 * f, on_s, weights=(1, 0.3))
        place(total, ring * (0.45 + 0.55 * np.sign(np.sin(2 * np.pi * 22 * t))) * np.minimum(1, t / 0.01), at)
        at += on_s + off_s
    return total


def church_bells(rng, seconds, pitch, pace):
    """Large bells: strike tones with the partials of bronze, ringing into one another."""
    total = silence(seconds)
    base = rng.uniform(380, 460) * pitch
    steps = rng.permutation([1.0, 0.89, 0.75])
    for i, at in enumerate(rhythm(rng, seconds, 0.85 * pace, 0.05)):
        frequencies = base * steps[i % 3] * np.array(BELL)
        place(
            total,
            partials(rng, 2.6, frequencies, [1.6, 1.2, 0.8, 0.6, 0.5, 0.3, 0.2], [0.7, 1, 0.7, 0.4, 0.6, 0.3, 0.2]),
            at,
        )
    return total


def car_horn(rng, seconds, pitch, pace):
    """Two blaring reeds a third apart, in presses of half a second."""
    total = silence(seconds)
    f = rng.uniform(340, 420) * pitch
    weights = [1 / k**0.4 for k in range(1, 14)]
    for at in rhythm(rng, seconds, 0.85 * pace, 0.15):
        length = rng.uniform(0.35, 0.6) / np.sqrt(pace)
        blast = tone(f, length, weights) + tone(1.26 * f, length, weights)
        place(total, blast * np.minimum(1, 6 * swell(length)), at)
    return total


def flute(rng, seconds, pitch, pace):
    """A flute melody: breathy notes of a pentatonic scale with a little vibrato."""
    total = silence(seconds)
    base = rng.uniform(560, 640) * pitch
    scale = np.array([1, 9 / 8, 5 / 4, 3 / 2, 5 / 3])
    for at in rhythm(rng, seconds, 1.9 * pace, 0.03):
        length = 0.48 / pace
        vibrato = 1 + 0.008 * np.sin(2 * np.pi * 5.5 * times(length))
        note = tone(base * rng.choice(scale) * vibrato, weights=(1, 0.3, 0.12, 0.05))
        place(total, note * np.minimum(1, 3 * swell(length)), at)
    return total


def cuckoo_clock(rng, seconds, pitch, pace):
    """Cuck-oo: two hooted notes a minor third apart, then a struck wire gong."""
    total = silence(seconds)
    f = rng.uniform(680, 780) * pitch
    for at in rhythm(rng, seconds, 0.75 * pace, 0.04):
        for k, ratio in enumerate((1.19, 1.0)):
            length = 0.24
            note = tone(glide([(0, f * ratio), (1, f * ratio * 0.985)], length), weights=(1, 0.18, 0.06))
            place(total, note * swell(length, 0.4), at + 0.3 * k)
        gong = partials(rng, 0.9, f * np.array([0.6, 1.43, 3.3]), [0.35, 0.25, 0.12], [0.5, 0.25, 0.15])
        place(total, gong * strike(0.9, 0.002, 0.4)[: samples(0.9)], at + 0.62)
    return total
