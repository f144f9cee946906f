"""Known ways of making sound worse, each at five strengths: a metric that does not follow them is blind to them.

Audio is mono float32 (samples,); every way keeps length and, but for clipping, about the level.
"""

from collections.abc import Callable

import numpy as np

STRENGTHS = 5


def add_noise(audio: np.ndarray, rate_hz: int, strength: int, rng: np.random.Generator) -> np.ndarray:
    """White noise 30, 20, 10, 0 and -10 dB below the clip."""
    ratio_db = (30, 20, 10, 0, -10)[strength]
    level = np.sqrt(np.mean(audio**2)) * 10 ** (-ratio_db / 20)
    return (audio + rng.normal(scale=max(level, 1e-9), size=audio.shape)).astype(np.float32)


def low_pass(audio: np.ndarray, rate_hz: int, strength: int, rng: np.random.Generator) -> np.ndarray:
    """Nothing above 6000, 3000, 1500, 750 and 375 Hz."""
    spectrum = np.fft.rfft(audio)
    spectrum[np.fft.rfftfreq(audio.size, 1 / rate_hz) > (6000, 3000, 1500, 750, 375)[strength]] = 0
    return np.fft.irfft(spectrum, audio.size).astype(np.float32)


def clip(audio: np.ndarray, rate_hz: int, strength: int, rng: np.random.Generator) -> np.ndarray:
    """Cut at 70, 40, 20, 10 and 3 % of the peak, then brought back to the level it had."""
    limit = (0.7, 0.4, 0.2, 0.1, 0.03)[strength] * max(float(np.abs(audio).max()), 1e-9)
    cut = np.clip(audio, -limit, limit)
    return (cut * np.sqrt(np.mean(audio**2) / max(np.mean(cut**2), 1e-18))).astype(np.float32)


def shuffle_time(audio: np.ndarray, rate_hz: int, strength: int, rng: np.random.Generator) -> np.ndarray:
    """Pieces of 1000, 500, 250, 120 and 60 ms in random order."""
    size = round((1.0, 0.5, 0.25, 0.12, 0.06)[strength] * rate_hz)
    pieces = [audio[start : start + size] for start in range(0, audio.size, size)]
    return np.concatenate([pieces[i] for i in rng.permutation(len(pieces))])


def quantise(audio: np.ndarray, rate_hz: int, strength: int, rng: np.random.Generator) -> np.ndarray:
    """8, 6, 5, 4 and 3 bits over the range of the clip."""
    step = 2 * max(float(np.abs(audio).max()), 1e-9) / 2 ** (8, 6, 5, 4, 3)[strength]
    return (np.rint(audio / step) * step).astype(np.float32)


WAYS: dict[str, Callable] = {
    "noise": add_noise,
    "low-pass": low_pass,
    "clipping": clip,
    "time shuffle": shuffle_time,
    "quantisation": quantise,
}
WRONG_SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)  # "wrong class": this share of clips is replaced by clips of other classes
