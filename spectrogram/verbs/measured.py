"""Where an event really lies: onset, offset and band of frequencies measured in the sound, beside what was asked for.

An event's energy above the recording's own steady level is found band by band; its times hold all but five per cent of
it at either end, its box of frequencies too (as Raven's "5 %" and "95 %" measurements do).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import uniform_filter

from spectrogram.codec.mel import centres_hz, filterbank
from spectrogram.codec.stft import stft
from spectrogram.files.annotations import Annotation
from spectrogram.params import SpectrogramParams

TAIL = 0.05
STEADY_QUANTILE = 0.2
MARGIN_DB, RANGE_DB = 6.0, 30.0
STEP_MS, WINDOW_MS, BANDS = 5.0, 32.0, 128
AROUND_S = 0.5
SMOOTH_FRAMES, SMOOTH_BANDS = 5, 3
GAP_S, LEAST_PIECE = 0.25, 0.03


def measured(audio: np.ndarray, rate_hz: int, asked: Annotation) -> Annotation:
    """The annotation with times and box as the sound has them; as asked where nothing rises above the background.

    Args:
        audio: mono samples of the recording, or of a stretch that holds the event with some time around it.
        rate_hz: of the samples.
        asked: what somebody wanted or noted; the event is looked for up to half a second beside it.
    """
    params = SpectrogramParams(
        sample_rate_hz=rate_hz,
        step_ms=STEP_MS,
        window_ms=WINDOW_MS,
        mel_bands=BANDS,
        low_hz=0.0,
        high_hz=rate_hz / 2,
        columns=1,
        scale="linear",
    )
    step_s = params.hop_samples / rate_hz
    spectrum = stft(audio.astype(np.float32), params, max(1, -(-len(audio) // params.hop_samples)))
    # Noise alone varies by 5 dB from cell to cell; a mean of a few cells varies by 2.
    power = uniform_filter(np.square(filterbank(params) @ np.abs(spectrum).T).T, (SMOOTH_FRAMES, SMOOTH_BANDS))
    frames = (np.arange(len(power)) + 0.5) * step_s
    near = (frames >= asked.onset_s - AROUND_S) & (frames <= asked.offset_s + AROUND_S)
    if not near.any():
        return asked
    event = without_crumbs(rising(power, near), GAP_S / step_s)
    if not event.any():
        return asked
    onset, offset = middle_share(event.sum(axis=1), TAIL / 5)
    low, high = middle_share(event.sum(axis=0), TAIL)
    first = frames[near][0] - step_s / 2
    centres = centres_hz(params)
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


def without_crumbs(event: np.ndarray, gap: float) -> np.ndarray:
    """The event without pieces, parted by pauses longer than ``gap`` frames, that hold next to nothing of it."""
    energy = event.sum(axis=1)
    on = np.flatnonzero(energy)
    if not len(on):
        return event
    pieces = np.split(on, np.flatnonzero(np.diff(on) > gap) + 1)
    for piece in pieces:
        if energy[piece].sum() < LEAST_PIECE * energy.sum():
            event[piece] = 0
    return event


def middle_share(energy: np.ndarray, tail: float) -> tuple[float, float]:
    """(first, last + 1) place between which all but ``tail`` at either end of the energy lies."""
    total = np.cumsum(energy) / energy.sum()
    return float(np.searchsorted(total, tail)), float(np.searchsorted(total, 1 - tail)) + 1


def with_measured(audio: np.ndarray, rate_hz: int, asked: Annotation) -> Annotation:
    """The annotation as it was asked for, with its measured times and box; without them where nothing of it is heard.

    Args:
        audio: mono samples of the recording.
        rate_hz: of the samples.
        asked: what was wanted.
    """
    found = measured(audio, rate_hz, asked)
    if found.low_hz is None:
        return asked
    times = found.onset_s, found.offset_s
    return replace(asked, low_hz=found.low_hz, high_hz=found.high_hz, measured_s=times)
