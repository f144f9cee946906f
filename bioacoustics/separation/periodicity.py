"""Which bases belong together: those whose activations repeat at the same rates (periodicity-coded NMF).

Lin, Fang & Tsao, Scientific Reports 7, 4547 (2017): the magnitude spectra of all activations over time are factorised
a second time; each basis goes to the source that explains most of its periodicity.
"""

from __future__ import annotations

import numpy as np

from bioacoustics.separation.factorisation import learned_bases


def sources_by_periodicity(activations: np.ndarray, sources: int, seed: int, iterations: int = 200) -> np.ndarray:
    """The source (0 to sources - 1) of every basis.

    Args:
        activations: H (bases, frames).
        sources: how many groups.
        seed: of the second factorisation.
    Returns:
        Integers (bases,); source 0 is the one whose activations change most, so that steady noise comes last.
    """
    centred = activations - activations.mean(axis=1, keepdims=True)
    rates = np.abs(np.fft.rfft(centred, axis=1))[:, 1:]
    rates = rates / np.maximum(rates.sum(axis=1, keepdims=True), 1e-12)
    _, share = learned_bases(rates.T.astype(np.float32), sources, iterations, seed)
    group = share.argmax(axis=0)
    change = activations.std(axis=1) / np.maximum(activations.mean(axis=1), 1e-12)
    order = sorted(range(sources), key=lambda one: -float(change[group == one].mean()) if (group == one).any() else 0.0)
    return np.array([order.index(one) for one in group])
