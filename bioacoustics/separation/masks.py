"""One sound a source: the recording's own spectrum, each bin shared out by what the bases explain (Wiener mask).

source^p / (sum of sources^p); p = 2 for magnitudes is Wiener's, p = 1 does less harm where bases err.  Masks
sum to one, so the sounds sum to the recording,
and each keeps the recording's own phase.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bioacoustics.separation.factorisation import factorise, stacked, summing_to_one, unstacked
from bioacoustics.separation.model import SeparationModel, bands_of, frames_in
from spectrogram.codec.mel import spreading
from spectrogram.codec.stft import istft, stft

OTHER = "other"
AMBIENT_QUANTILE = 0.25


@dataclass(frozen=True)
class Settings:
    """How a model is used.

    ``free`` bases are learned in the recording itself and become the source "other"; ``ambient`` adds one for its
    steady noise, the quiet quarter of each band; ``adapt`` in [0, 1) lets the learned bases follow the recording.
    Few iterations are a choice: more of them let the weather's bases explain animals that were never learned.
    """

    free: int = 0
    ambient: bool = False
    adapt: float = 0.0
    iterations: int = 15
    exponent: float = 1.0
    steady_ms: float = 72.0
    sparsity: float = 0.0
    seed: int = 0


def source_names(model: SeparationModel, settings: Settings) -> tuple[str, ...]:
    return (*model.sources, OTHER) if settings.free or settings.ambient else model.sources


def separated(audio: np.ndarray, model: SeparationModel, settings: Settings) -> dict[str, np.ndarray]:
    """{source: samples} that sum to the recording.

    Args:
        audio: mono samples at the model's rate, shape (samples,).
        model: the known sources.
        settings: see ``Settings``.
    """
    params = model.params
    spectrum = stft(audio, params, frames_in(len(audio), params))
    shares = source_shares(bands_of(spectrum, params), model, settings)
    names = source_names(model, settings)
    spread = spreading(params)
    masks = [(spread @ share).T for share in shares]
    # What no band reaches would be lost: it goes to the last source.
    masks[-1] = masks[-1] + (1 - sum(masks))
    return {name: istft(spectrum * mask, params, len(audio)) for name, mask in zip(names, masks, strict=True)}


def source_shares(spectrogram: np.ndarray, model: SeparationModel, settings: Settings) -> list[np.ndarray]:
    """Masks (rows, frames) that sum to one, one a name of ``source_names``."""
    parts = source_magnitudes(spectrogram, model, settings)
    powers = [np.maximum(part, 1e-12) ** settings.exponent for part in parts]
    total = sum(powers)
    return [(power / total).astype(np.float32) for power in powers]


def source_magnitudes(spectrogram: np.ndarray, model: SeparationModel, settings: Settings) -> list[np.ndarray]:
    """Estimated magnitudes (rows, frames) of each source."""
    rng = np.random.default_rng(settings.seed)
    level = max(float(spectrogram.mean()), 1e-12)
    v = stacked(spectrogram / level, model.frames)
    bases, update, owner = all_bases(v, model, settings, rng)
    steady = np.isin(owner, [model.sources.index(name) for name in model.steady])
    frames = max(1, round(settings.steady_ms / model.params.step_ms))
    w, h = factorise(v, bases, update, settings.iterations, rng, settings.sparsity, steady, frames)
    parts = []
    for number in range(len(source_names(model, settings))):
        own = owner == number
        parts.append(unstacked(w[:, own] @ h[own], model.frames) * level)
    return parts


def all_bases(v: np.ndarray, model: SeparationModel, settings: Settings, rng: np.random.Generator):
    """Bases, how much each may change, and the source of each: the model's, the steady noise, the free ones."""
    bases, update, owner = [model.bases], [np.full(model.bases.shape[1], settings.adapt)], [model.source_of]
    other = len(model.sources)
    if settings.ambient:
        bases.append(summing_to_one(np.quantile(v, AMBIENT_QUANTILE, axis=1, keepdims=True)))
        update.append(np.zeros(1))
        owner.append([other])
    if settings.free:
        start = v[:, rng.integers(v.shape[1], size=settings.free)] + rng.uniform(0.5, 1, (len(v), settings.free))
        bases.append(summing_to_one(start))
        update.append(np.ones(settings.free))
        owner.append([other] * settings.free)
    return np.concatenate(bases, axis=1), np.concatenate(update), np.concatenate(owner)
