"""soundscape_IR from a checkout given by path, on the same scenes: its bases, its prediction, its ratio mask as sound.

Its separation ends in spectrograms (dB above the noise floor) without a phase; its mask is laid on the recording's
own spectrum here, as magnitude and as power, and the better reading counts.
"""

from __future__ import annotations

import importlib
import sys
import types
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import scipy.signal

WINDOW, OVERLAP, PREWHITEN = 1024, 0.5, 25


@cache
def load(checkout: Path):
    """Its modules ``source_separation`` and ``utility``, without its __init__, which needs plotly."""
    folder = next(checkout.rglob("source_separation.py")).parent
    package = types.ModuleType("soundscape_peer")
    package.__path__ = [str(folder)]
    sys.modules["soundscape_peer"] = package
    return importlib.import_module("soundscape_peer.source_separation"), importlib.import_module(
        "soundscape_peer.utility"
    )


class Peer:
    """``learn`` from sounds of a source, then ``separate`` mixtures into sounds."""

    def __init__(self, checkout: Path, rate_hz: int, bases: int = 24, feature_length: int = 1, free: int = 0) -> None:
        self.module, self.utility = load(checkout)
        self.rate_hz, self.bases, self.feature_length, self.free = rate_hz, bases, feature_length, free

    def levels(self, audio: np.ndarray):
        """(its input (frames, 1 + bins), frequencies, complex spectrum), as its audio_visualization makes them."""
        hz, times, spectrum = scipy.signal.stft(
            audio, self.rate_hz, "hann", WINDOW, int(OVERLAP * WINDOW), boundary=None, padded=False
        )
        db = 10 * np.log10(np.abs(spectrum) + 1e-12)
        white, _ = self.utility.matrix_operation.prewhiten(db, PREWHITEN, 1)
        return np.hstack([times[:, None], np.maximum(white, 0).T]), hz, spectrum

    def learn(self, sounds: list[np.ndarray]):
        model = self.module.source_separation(feature_length=self.feature_length, basis_num=self.bases)
        parts = [self.levels(one) for one in sounds if len(one) > WINDOW]
        data = np.vstack([part[0] for part in parts])
        model.learn_feature(input_data=data, f=parts[0][1], method="NMF")
        return model

    def merged(self, first, others: list):
        """A copy of the first model with the others merged into it."""
        model = self.module.source_separation(feature_length=self.feature_length, basis_num=self.bases)
        for name in ("W", "W_cluster", "source_num", "method", "f"):
            setattr(model, name, getattr(first, name))
        model.merge(others)
        return model

    def separate(self, audio: np.ndarray, model) -> dict[str, np.ndarray]:
        """{reading: samples} of the first source."""
        padded = np.pad(audio, (WINDOW, 2 * WINDOW))
        data, hz, spectrum = self.levels(padded)
        model.prediction(input_data=data, f=hz, additional_basis=self.free)
        whole = np.maximum(data[:, 1:].T - data[:, 1:].min(), 1e-9)
        # Where nothing rises above the noise floor its separation is 0; its bases' own ratio says more there.
        floored = np.clip((model.separation[0][:, 1:].T - data[:, 1:].min()) / whole, 0, 1)
        ratio = model.reconstruct(source=1) / np.maximum(model.reconstruct(), 1e-9)
        masks = {"floored": floored, "ratio": ratio, "ratio, power": np.square(ratio)}
        return {reading: self.sound(spectrum * mask, len(audio)) for reading, mask in masks.items()}

    def sound(self, spectrum: np.ndarray, length: int) -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            _, sound = scipy.signal.istft(spectrum, self.rate_hz, "hann", WINDOW, int(OVERLAP * WINDOW), boundary=False)
        return np.resize(sound[WINDOW : WINDOW + length], length)
