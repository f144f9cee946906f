"""Which class a sound belongs to, by the embedded classifier: the independent judge of what the models generate."""

from functools import cache

import numpy as np

from metrics.embedders.sound_cnn import SoundCnn
from metrics.embedders.sound_cnn_features import RATE_HZ, log_mel_db, relative_levels
from spectrogram.files.audio import check_audio, mix_channels, read_audio, resample
from spectrogram.problems import UsageProblem

SILENCE = "silence"


def classify(sounds, rate: int | None = None) -> tuple[list[str], np.ndarray]:
    """(most likely class of each sound, probabilities (sounds, classes) in the order of `classes()`).

    sounds: paths, or arrays (samples,) or (channels, samples) at `rate` Hz, which is then needed. Gain plays no part,
    but a clip below -70 dB throughout is labelled "silence" and gets the same probability for every class.
    """
    verdicts = [_probabilities(_mono(sound, rate)) for sound in sounds]
    labels = [SILENCE if heard is None else classes()[heard.argmax()] for heard in verdicts]
    evenly = np.full(len(classes()), 1 / len(classes()))
    return labels, np.stack([evenly if heard is None else heard for heard in verdicts])


def classes() -> tuple[str, ...]:
    """The classes that the judge knows, in the order of its probabilities."""
    return _judge().classes


@cache
def _judge():
    return SoundCnn()


def _probabilities(audio: np.ndarray) -> np.ndarray | None:
    """Probabilities (classes,), None for silence."""
    if not relative_levels(log_mel_db(audio)).any():
        return None
    logits = _judge().analyse(audio).logits
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


def _mono(sound, rate: int | None) -> np.ndarray:
    if isinstance(sound, np.ndarray):
        if rate is None:
            raise UsageProblem(
                "arrays were given without rate=", "their sample rate in Hz", "pass it: classify(arrays, rate=...)"
            )
        return resample(mix_channels(check_audio(sound), 1), rate, RATE_HZ)[0]
    return read_audio(sound, sample_rate_hz=RATE_HZ, channels=1)[0][0]
