"""Birds, mammals, frogs and insects."""

import numpy as np

from dataset_builder.soundscapes.synthesis.signals import (
    band_noise,
    glide,
    place,
    resonant_noise,
    rhythm,
    samples,
    silence,
    strike,
    swell,
    times,
    tone,
    wander,
)

VOICE = (1, 0.7, 0.5, 0.35, 0.25, 0.18, 0.12, 0.08)


def birdsong(rng, seconds, pitch, pace):
    """Phrases of clear whistled syllables that a bird repeats: sweeps, trills and steps."""
    total = silence(seconds)
    base = rng.uniform(3000, 3900) * pitch
    syllables = [rng.uniform(0.8, 1.25, 3) for _ in range(rng.integers(2, 4))]
    length = rng.uniform(0.09, 0.15) / np.sqrt(pace)
    for i, at in enumerate(rhythm(rng, seconds, 3.2 * pace, 0.05)):
        if i % 6 >= 4 and rng.random() < 0.6:
            continue
        shape = syllables[i % len(syllables)] * base
        curve = glide([(0, shape[0]), (0.5, shape[1]), (1, shape[2])], length)
        place(total, tone(curve, weights=(1, 0.08)) * swell(length, 0.7), at, rng.uniform(0.8, 1))
    return total


def crickets(rng, seconds, pitch, pace):
    """A steady tone in quick bursts of pulses: chirp, chirp, chirp."""
    total = silence(seconds)
    f = rng.uniform(4200, 4900) * pitch
    for at in rhythm(rng, seconds, 2.2 * pace, 0.03):
        for pulse in range(3):
            length = 0.035
            place(total, tone(f, length) * swell(length), at + 0.05 * pulse, 0.7 + 0.15 * pulse)
    return total


def frog(rng, seconds, pitch, pace):
    """Croaks: a low pulse train through a throat resonance."""
    total = silence(seconds)
    centre = rng.uniform(600, 800) * pitch
    for at in rhythm(rng, seconds, 1.5 * pace, 0.1):
        length = rng.uniform(0.22, 0.32) / np.sqrt(pace)
        pulses = 0.5 + 0.5 * np.sign(np.sin(2 * np.pi * 38 * times(length)))
        croak = resonant_noise(rng, length, [centre, 2.2 * centre], [70, 120]) * pulses * swell(length, 0.6)
        place(total, croak, at, rng.uniform(0.7, 1))
    return total


def dog_bark(rng, seconds, pitch, pace):
    """Barks: a falling harsh voice with a burst of breath."""
    total = silence(seconds)
    f = rng.uniform(380, 520) * pitch
    for at in rhythm(rng, seconds, 1.6 * pace, 0.16):
        length = rng.uniform(0.16, 0.24)
        voice = tone(glide([(0, f), (0.25, 1.35 * f), (1, 0.75 * f)], length), weights=VOICE)
        breath = resonant_noise(rng, length, [1100 * pitch, 2300 * pitch], [400, 600])
        place(total, (voice + 0.5 * breath) * strike(length, 0.015, 0.06), at, rng.uniform(0.7, 1))
    return total


def rooster(rng, seconds, pitch, pace):
    """Cock-a-doodle-doo: four notes, the last one long and falling."""
    total = silence(seconds)
    f = rng.uniform(560, 760) * pitch
    notes = [(0.16, 1.0, 1.1), (0.16, 1.25, 1.2), (0.30, 1.45, 1.5), (0.95, 1.55, 0.85)]
    at = rng.uniform(0.1, 0.9)
    while at < seconds - 1.2:
        start = at
        for length, a, b in notes:
            curve = glide([(0, f * a), (0.4, f * max(a, b) * 1.08), (1, f * b)], length)
            place(total, tone(curve, weights=(0.6, 1, 0.8, 0.6, 0.4, 0.25, 0.2)) * swell(length, 0.4), start)
            start += length + 0.03
        at = start + rng.uniform(0.5, 1.2)
    return total


def cat_meow(rng, seconds, pitch, pace):
    """Meows: a voice that rises and falls while the mouth opens and closes."""
    total = silence(seconds)
    f = rng.uniform(560, 720) * pitch
    for at in rhythm(rng, seconds, 0.75 * pace, 0.12):
        length = rng.uniform(0.55, 0.8) / np.sqrt(pace)
        curve = glide([(0, 0.85 * f), (0.3, 1.2 * f), (1, 0.75 * f)], length)
        mouth = swell(length)
        low, high = tone(curve, weights=(1, 0.4, 0.1)), tone(curve, weights=(0, 0.3, 0.8, 0.7, 0.4))
        place(total, (low + high * mouth) * swell(length, 0.5), at, rng.uniform(0.8, 1))
    return total


def bees(rng, seconds, pitch, pace):
    """A swarm: a few detuned buzzing voices that come and go."""
    total = silence(seconds)
    for _ in range(5):
        f = rng.uniform(190, 250) * pitch * (1 + 0.05 * wander(rng, seconds, 3, -1, 1))
        voice = tone(f, weights=[1 / k**0.8 for k in range(1, 13)], phase=rng.uniform(0, 6))
        total += voice * wander(rng, seconds, 1.2, 0.15, 1.0)
    return total


def crow(rng, seconds, pitch, pace):
    """Caws: hoarse, wide harmonics with noise, in groups."""
    total = silence(seconds)
    f = rng.uniform(480, 600) * pitch
    for at in rhythm(rng, seconds, 1.3 * pace, 0.14):
        length = rng.uniform(0.28, 0.4)
        curve = glide([(0, f), (0.3, 1.15 * f), (1, 0.9 * f)], length)
        roughness = 1 + 0.9 * np.sin(2 * np.pi * 72 * times(length))
        voice = tone(curve, weights=(0.4, 0.8, 1, 0.9, 0.6, 0.3)) * roughness
        rasp = band_noise(rng, length, 1100, 3500)
        place(total, (voice + 0.9 * rasp) * swell(length, 0.5), at, rng.uniform(0.8, 1))
    return total


def owl(rng, seconds, pitch, pace):
    """A tawny owl: a soft low hoot, a pause, then a quavering long one."""
    total = silence(seconds)
    f = rng.uniform(640, 760) * pitch
    at = rng.uniform(0.1, 0.6)
    while at < seconds - 0.5:
        first = tone(glide([(0, 0.94 * f), (0.3, f), (1, 0.93 * f)], 0.42), weights=(1, 0.12, 0.05)) * swell(0.42, 0.6)
        place(total, first, at)
        length = rng.uniform(0.9, 1.15)
        quaver = 1 + 0.55 * np.sin(2 * np.pi * 12 * times(length)) * np.linspace(1, 0.4, samples(length))
        curve = glide([(0, 0.95 * f), (0.4, 1.04 * f), (1, 0.9 * f)], length)
        place(
            total,
            tone(curve, weights=(1, 0.12, 0.05)) * quaver * swell(length, 0.5),
            at + rng.uniform(0.75, 0.95) / pace,
        )
        at += rng.uniform(2.5, 3.1) / pace
    return total
