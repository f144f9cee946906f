"""Where an event really lies: onset, offset and band of frequencies measured in the sound, beside what was asked for.

An event's energy above the recording's own steady level is found band by band; its times hold all but five per cent of
it at either end, its box of frequencies too (as Raven's "5 %" and "95 %" measurements do).
"""

from __future__ import annotations

import numpy as np

from bioacoustics.classifiers.front_end import front_end
from spectrogram.codec.mel import centres_hz
from spectrogram.files.annotations import Annotation

TAIL = 0.05
STEADY_QUANTILE = 0.2
MARGIN_DB, RANGE_DB = 6.0, 30.0
STEP_MS, WINDOW_MS, BANDS = 5.0, 32.0, 128
AROUND_S = 0.5


def measured(audio: np.ndarray, rate_hz: int, asked: Annotation) -> Annotation:
    """The annotation with times and box as the sound has them; as asked where nothing rises above the background.

    Args:
        audio: mono samples of the recording, or of a stretch that holds the event with some time around it.
        rate_hz: of the samples.
        asked: what somebody wanted or noted; the event is looked for up to half a second beside it.
    """
    front = front_end("linear", rate_hz, BANDS, WINDOW_MS, STEP_MS, low_hz=0.0)
    step_s = front.params.hop_samples / rate_hz
    power = 10 ** (front.db(audio.astype(np.float32)) / 10)
    frames = (np.arange(len(power)) + 0.5) * step_s
    near = (frames >= asked.onset_s - AROUND_S) & (frames <= asked.offset_s + AROUND_S)
    if not near.any():
        return asked
    event = rising(power, near)
    if not event.any():
        return asked
    onset, offset = middle_share(event.sum(axis=1), TAIL / 5)
    low, high = middle_share(event.sum(axis=0), TAIL)
    first = frames[near][0] - step_s / 2
    centres = centres_hz(front.params)
    return Annotation(
        round(max(0.0, float(first + onset * step_s)), 4),
        round(min(len(audio) / rate_hz, float(first + offset * step_s)), 4),
        asked.label,
        round(float(centres[int(low)]), 1),
        round(float(centres[min(BANDS - 1, int(high))]), 1),
        asked.confidence,
    )


def rising(power: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Power (near frames, bands) above the steady level, where it is clearly above it and near the event's loudest."""
    around = power[~near] if (~near).sum() >= 20 else power
    steady = np.quantile(around, STEADY_QUANTILE if around is power else 0.5, axis=0)
    above = power[near] - steady
    loudest = above.max()
    clear = (power[near] > steady * 10 ** (MARGIN_DB / 10)) & (above > loudest * 10 ** (-RANGE_DB / 10))
    return np.where(clear, above, 0.0)


def middle_share(energy: np.ndarray, tail: float) -> tuple[float, float]:
    """(first, last + 1) place between which all but ``tail`` at either end of the energy lies."""
    total = np.cumsum(energy) / energy.sum()
    return float(np.searchsorted(total, tail)), float(np.searchsorted(total, 1 - tail)) + 1
