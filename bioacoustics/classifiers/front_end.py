"""What a classifier sees: a spectrogram in decibels, shown as levels in [0, 1] or after per-channel normalisation.

Arrays are (frames, bands), band 0 the lowest.  PCEN: Wang et al., ICASSP 2017, (E / (e + M)^a + d)^r - d^r with M a
smoothed E, which takes steady noise away; its constants are those of Lostanlen et al., IEEE SPL 26 (2019).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from spectrogram.codec.mel import filterbank
from spectrogram.codec.stft import stft
from spectrogram.params import SpectrogramParams

STEP_DB, LOWEST_DB = 0.5, -127.0
PCEN_GAIN, PCEN_BIAS, PCEN_POWER, PCEN_EPSILON = 0.8, 10.0, 0.25, 1e-6
PCEN_SECONDS = 0.4
# Levels of full-scale sound as 32-bit integers, for which the constants of PCEN were chosen.
PCEN_SCALE = float(2**31)


@dataclass(frozen=True)
class FrontEnd:
    """``params`` places the bands; ``pcen`` normalises each band by its own past instead of the clip by its loudest."""

    params: SpectrogramParams
    pcen: bool = False
    range_db: float = 80.0

    def db(self, audio: np.ndarray) -> np.ndarray:
        """Band levels (frames, bands) in dB of mono samples at ``params.sample_rate_hz``, float32."""
        frames = max(1, -(-len(audio) // self.params.hop_samples))
        magnitudes = filterbank(self.params) @ np.abs(stft(audio.astype(np.float32), self.params, frames)).T
        return (20 * np.log10(np.maximum(magnitudes.T, 1e-6))).astype(np.float32)

    def levels(self, db: np.ndarray) -> np.ndarray:
        """What the network is given, (frames, bands) float32: about 0 to 1."""
        if self.pcen:
            return normalised_per_channel(db, self.params.step_ms / 1000)
        return np.clip((db - db.max()) / self.range_db + 1, 0, 1).astype(np.float32)

    def to_dict(self) -> dict:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> FrontEnd:
        return cls(SpectrogramParams.from_dict(values["params"]), bool(values["pcen"]), float(values["range_db"]))


def front_end(
    scale: str = "mel",
    rate_hz: int = 32_000,
    bands: int = 64,
    window_ms: float = 40.0,
    step_ms: float = 20.0,
    low_hz: float = 50.0,
    pcen: bool = False,
) -> FrontEnd:
    """A front end with the given bands: ``scale`` is linear, mel or log, or pcen (mel, normalised per channel)."""
    pcen = pcen or scale == "pcen"
    params = SpectrogramParams(
        sample_rate_hz=rate_hz,
        step_ms=step_ms,
        window_ms=window_ms,
        mel_bands=bands,
        low_hz=low_hz,
        high_hz=rate_hz / 2,
        columns=1,
        scale="mel" if scale == "pcen" else scale,
        warp_hz=700.0,
    )
    return FrontEnd(params, pcen)


def normalised_per_channel(db: np.ndarray, step_s: float) -> np.ndarray:
    """PCEN of levels in dB (frames, bands), divided by a constant that brings loud sound near 1."""
    energy = 10 ** (db.astype(np.float64) / 20) * PCEN_SCALE
    frames = PCEN_SECONDS / step_s
    weight = (np.sqrt(1 + 4 * frames**2) - 1) / (2 * frames**2)
    # The filter begins where the first frame is, as librosa.pcen does with its default zi.
    start = (1 - weight) * np.ones((1, db.shape[1]))
    smooth, _ = lfilter([weight], [1, weight - 1], energy, axis=0, zi=start)
    gain = np.exp(-PCEN_GAIN * (np.log(PCEN_EPSILON) + np.log1p(smooth / PCEN_EPSILON)))
    shown = (energy * gain + PCEN_BIAS) ** PCEN_POWER - PCEN_BIAS**PCEN_POWER
    return (shown / 2.0).astype(np.float32)


def as_bytes(db: np.ndarray) -> np.ndarray:
    """Levels in steps of half a decibel, a quarter of the memory."""
    return np.clip(np.rint((db - LOWEST_DB) / STEP_DB), 0, 255).astype(np.uint8)


def from_bytes(stored: np.ndarray) -> np.ndarray:
    return stored.astype(np.float32) * STEP_DB + LOWEST_DB
