"""People and what their hands do: steps, claps, knocks, keys, glass, clocks."""

import numpy as np

from dataset_builder.soundscapes.synthesis.signals import (
    band_noise,
    glide,
    partials,
    place,
    resonant_noise,
    rhythm,
    samples,
    scatter,
    silence,
    strike,
    swell,
    times,
    tone,
)


def footsteps(rng, seconds, pitch, pace):
    """Heel and toe on a hard floor."""
    total = silence(seconds)
    body = rng.uniform(140, 220)
    for at in rhythm(rng, seconds, 1.8 * pace, 0.04):
        heel = band_noise(rng, 0.08, body, 1400, slope=-0.5) * strike(0.08, 0.002, 0.014)
        toe = band_noise(rng, 0.06, 800, 4500) * strike(0.06, 0.004, 0.010)
        place(total, heel, at, rng.uniform(0.9, 1.2))
        place(total, toe, at + 0.07, 0.25)
    return total


def clapping(rng, seconds, pitch, pace):
    """One person's applause: bright short bursts."""
    total = silence(seconds)
    centre = rng.uniform(1000, 1400)
    for at in rhythm(rng, seconds, 3.4 * pace, 0.07):
        clap = resonant_noise(rng, 0.05, [centre, 2.4 * centre], [500, 900]) * strike(0.05, 0.001, 0.010)
        place(total, clap, at, rng.uniform(0.7, 1.1))
    return total


def knocking(rng, seconds, pitch, pace):
    """Knuckles on a wooden door, in groups of three or four."""
    total = silence(seconds)
    f = rng.uniform(170, 240)
    at = rng.uniform(0.05, 0.5)
    while at < seconds - 0.3:
        for _ in range(rng.integers(3, 5)):
            wood = partials(rng, 0.14, [f, 2.1 * f, 3.6 * f, 5.2 * f], [0.035, 0.022, 0.015, 0.01], [1, 0.7, 0.5, 0.3])
            place(total, wood + 0.3 * band_noise(rng, 0.14, 300, 2500) * strike(0.14, 0.001, 0.008), at)
            at += rng.uniform(0.16, 0.2) / pace
        at += rng.uniform(0.45, 0.7) / pace
    return total


def typing(rng, seconds, pitch, pace):
    """Keys of a keyboard: irregular double clicks."""
    total = silence(seconds)
    for at in rhythm(rng, seconds, 6.5 * pace, 0.28):
        low = rng.uniform(1500, 2600)
        for gap, gain in ((0, 1.0), (0.045, 0.45)):
            click = band_noise(rng, 0.02, low, 8500) * strike(0.02, 4e-4, 0.004)
            place(total, click, at + gap, gain * rng.uniform(0.5, 1))
    return total


def clock_tick(rng, seconds, pitch, pace):
    """Tick and tock, evenly."""
    total = silence(seconds)
    f = rng.uniform(2300, 3000)
    for i, at in enumerate(rhythm(rng, seconds, 2.0 * pace, 0.0)):
        tick = partials(
            rng, 0.05, np.array([1, 1.6, 2.4]) * f * (1 if i % 2 else 0.82), [0.008, 0.006, 0.004], [1, 0.8, 0.5]
        )
        place(total, tick, at)
    return total


def glass_break(rng, seconds, pitch, pace):
    """A pane that shatters: a burst, then shards that ring and fall."""
    total = silence(seconds)
    at = rng.uniform(0.1, 1.0)
    place(total, band_noise(rng, 0.3, 2500, 11000) * strike(0.3, 0.002, 0.05), at, 1.4)
    for delay in np.concatenate([rng.exponential(0.28, 45), rng.exponential(0.7, 12)]):
        f = rng.uniform(2800, 9000)
        shard = partials(rng, 0.25, [f, 1.47 * f], [0.05, 0.03], [1, 0.6])
        place(total, shard, at + delay, rng.uniform(0.15, 0.6) * np.exp(-delay))
    return total


def crying_baby(rng, seconds, pitch, pace):
    """Cries: long nasal wails with a breath between."""
    total = silence(seconds)
    f = rng.uniform(400, 480) * pitch
    at = rng.uniform(0, 0.3)
    while at < seconds - 0.3:
        length = rng.uniform(0.75, 1.05) / pace
        vibrato = 1 + 0.03 * np.sin(2 * np.pi * 6.5 * times(length))
        curve = glide([(0, 0.85 * f), (0.2, 1.2 * f), (0.7, 1.12 * f), (1, 0.8 * f)], length) * vibrato
        wail = tone(curve, weights=(0.5, 1, 1, 0.55, 0.4, 0.5, 0.4, 0.25, 0.15))
        place(total, (wail + 0.15 * band_noise(rng, length, 900, 4000)) * swell(length, 0.4), at)
        breath = band_noise(rng, 0.16, 1500, 6000) * swell(0.16)
        place(total, breath, at + length + 0.03, 0.35)
        at += length + rng.uniform(0.25, 0.4) / pace
    return total


def sneezing(rng, seconds, pitch, pace):
    """Ah - tchoo: a drawn breath, then a burst of noise with a short voice."""
    total = silence(seconds)
    at = rng.uniform(0.05, 0.6)
    while at < seconds - 0.9:
        place(total, band_noise(rng, 0.45, 800, 3500) * np.linspace(0, 1, samples(0.45)) ** 2, at, 0.22)
        burst = band_noise(rng, 0.4, 1200, 9500) * strike(0.4, 0.012, 0.09)
        voice = tone(glide([(0, 420), (1, 200)], 0.22), weights=(1, 0.7, 0.5, 0.3)) * strike(0.22, 0.01, 0.07)
        place(total, burst, at + 0.5, 1.2)
        place(total, voice, at + 0.5, 0.8)
        at += rng.uniform(1.9, 2.8)
    return total


def children_laughing(rng, seconds, pitch, pace):
    """Ha-ha-ha: quick voiced bursts that fall in pitch, from a few throats."""
    total = silence(seconds)
    for at in scatter(rng, seconds, 1.3) if rng.random() < 0.5 else rhythm(rng, seconds, 1.1, 0.1):
        f = rng.uniform(380, 520) * pitch
        for k in range(rng.integers(4, 7)):
            length = 0.085
            ha = tone(f * 0.96**k, length, weights=(0.6, 1, 0.7, 0.6, 0.3)) + 0.35 * band_noise(rng, length, 700, 4500)
            place(total, ha * swell(length, 0.6), at + 0.15 * k / pace, 0.9**k)
    return total
