"""Which class a sound belongs to, by the embedded classifier: the independent judge of what the models generate."""

from functools import cache

import numpy as np

from metrics.classifier.features import RATE_HZ
from spectrogram.audio_io import check_audio, mix_channels, read_audio, resample


def classify(sounds, rate: int | None = None) -> tuple[list[str], np.ndarray]:
    """(most likely class of each sound, probabilities (sounds, classes) in the order of `classes()`).

    sounds: paths, or arrays (samples,) or (channels, samples) at `rate` Hz, which is then needed. Gain plays no part.
    """
    logits = np.stack([_judge().analyse(_mono(sound, rate)).logits for sound in sounds])
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    return [classes()[index] for index in probabilities.argmax(axis=1)], probabilities


def classes() -> tuple[str, ...]:
    """The classes that the judge knows, in the order of its probabilities."""
    return _judge().classes


@cache
def _judge():
    from metrics.embedders.sound_cnn import SoundCnn

    return SoundCnn()


def _mono(sound, rate: int | None) -> np.ndarray:
    if isinstance(sound, np.ndarray):
        if rate is None:
            raise TypeError("classify needs rate= in Hz for arrays")
        return resample(mix_channels(check_audio(sound), 1), rate, RATE_HZ)[0]
    return read_audio(sound, sample_rate_hz=RATE_HZ, channels=1)[0][0]
