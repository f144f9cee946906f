"""The few signals that every synthesised sound is built from: noise, tones, envelopes and placement in time.

Conventions: arrays are mono float64 at ``RATE_HZ``; times in seconds, frequencies in hertz.
"""

import numpy as np

RATE_HZ = 24_000


def samples(seconds):
    return round(seconds * RATE_HZ)


def times(seconds):
    """Sample times in seconds, shape (samples,)."""
    return np.arange(samples(seconds)) / RATE_HZ


def shaped_noise(rng, seconds, gain):
    """Gaussian noise whose spectrum follows ``gain(frequencies_hz)``, scaled to unit RMS."""
    n = samples(seconds)
    spectrum = np.fft.rfft(rng.standard_normal(n)) * gain(np.fft.rfftfreq(n, 1 / RATE_HZ))
    noise = np.fft.irfft(spectrum, n)
    return noise / max(np.sqrt(np.mean(noise**2)), 1e-12)


def band_noise(rng, seconds, low_hz, high_hz, slope=0.0):
    """Noise between two frequencies with soft edges; ``slope`` is the exponent of a power-law tilt (-0.5 is pink)."""

    def gain(f):
        safe = np.maximum(f, 1.0)
        return safe**slope / (1 + (low_hz / safe) ** 6) / (1 + (safe / high_hz) ** 6)

    return shaped_noise(rng, seconds, gain)


def resonant_noise(rng, seconds, centres_hz, widths_hz):
    """Noise with peaks at the given centres: a vocal tract, a wooden box, a pipe."""

    def gain(f):
        return sum(1 / (1 + ((f - c) / w) ** 2) for c, w in zip(centres_hz, widths_hz, strict=True))

    return shaped_noise(rng, seconds, gain)


def tone(frequency_hz, seconds=None, weights=(1.0,), phase=0.0):
    """A harmonic tone; ``frequency_hz`` is a number (then give ``seconds``) or one value a sample.

    ``weights[k]`` is the amplitude of harmonic k + 1; harmonics above 11 kHz are left out, so that nothing aliases.
    """
    if seconds is not None:
        frequency_hz = np.full(samples(seconds), float(frequency_hz))
    angle = 2 * np.pi * np.cumsum(frequency_hz) / RATE_HZ + phase
    top = np.max(frequency_hz) if len(frequency_hz) else 0.0
    total = np.zeros(len(frequency_hz))
    for k, weight in enumerate(weights, start=1):
        if weight and k * top < 11_000:
            total += weight * np.sin(k * angle)
    return total


def glide(points, seconds):
    """A curve through ``(share of the duration, value)`` points, one value a sample, interpolated in log frequency."""
    at, values = zip(*points, strict=True)
    return np.exp(np.interp(np.linspace(0, 1, samples(seconds)), at, np.log(values)))


def partials(rng, seconds, frequencies_hz, decays_s, amplitudes):
    """A struck body: inharmonic partials, each with its own exponential decay."""
    t = times(seconds)
    total = np.zeros(len(t))
    for f, decay, amplitude in zip(frequencies_hz, decays_s, amplitudes, strict=True):
        if f < 11_000:
            total += amplitude * np.sin(2 * np.pi * f * t + rng.uniform(0, 2 * np.pi)) * np.exp(-t / decay)
    return total * np.minimum(1, t / 0.001)


def strike(seconds, attack_s, decay_s):
    """A percussive envelope: linear rise, exponential fall."""
    t = times(seconds)
    return np.minimum(1, t / max(attack_s, 1e-4)) * np.exp(-np.maximum(0, t - attack_s) / decay_s)


def swell(seconds, power=1.0):
    """A rise and fall, one half period of a sine to a power."""
    return np.sin(np.pi * np.linspace(0, 1, samples(seconds))) ** power


def wander(rng, seconds, rate_hz, low=0.0, high=1.0):
    """A slow random curve between two values that takes a new direction ``rate_hz`` times a second."""
    knots = max(4, int(seconds * rate_hz) + 3)
    curve = np.interp(np.linspace(0, knots - 1, samples(seconds)), np.arange(knots), rng.random(knots))
    return low + (high - low) * curve


def rhythm(rng, seconds, rate_hz, jitter=0.1, start_s=None):
    """Onset times of a nearly regular rhythm, jitter as a share of the period."""
    period = 1 / rate_hz
    first = rng.uniform(0.02, min(period, 0.8)) if start_s is None else start_s
    grid = np.arange(first, seconds - 0.05, period)
    return np.clip(grid + rng.normal(0, jitter * period, len(grid)), 0, seconds - 0.05)


def scatter(rng, seconds, rate_hz):
    """Onset times of a Poisson process, sorted."""
    return np.sort(rng.uniform(0, seconds, rng.poisson(rate_hz * seconds)))


def place(canvas, sound, at_s, gain=1.0):
    """Add ``sound`` into ``canvas`` at a time; what hangs over the end is cut."""
    start = samples(at_s)
    length = min(len(sound), len(canvas) - start)
    if length > 0:
        canvas[start : start + length] += gain * sound[:length]


def silence(seconds):
    return np.zeros(samples(seconds))


def reverberate(rng, sound, decay_s, wet):
    """``sound`` in a room: mixed with its convolution with decaying noise, same length."""
    n = samples(decay_s * 3)
    tail = rng.standard_normal(n) * np.exp(-np.arange(n) / (decay_s * RATE_HZ / 3))
    size = 1 << int(np.ceil(np.log2(len(sound) + n)))
    wet_sound = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(tail, size), size)[: len(sound)]
    scale = np.sqrt(np.mean(sound**2)) / max(np.sqrt(np.mean(wet_sound**2)), 1e-12)
    return (1 - wet) * sound + wet * scale * wet_sound
