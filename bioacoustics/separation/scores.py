"""How much of a source an estimate holds. Both shape (samples,)."""

from __future__ import annotations

import numpy as np


def si_sdr_db(estimate: np.ndarray, truth: np.ndarray) -> float:
    """Scale-invariant signal-to-distortion ratio in dB (Le Roux et al., ICASSP 2019); -inf for silence.

    10 log10(|a s|^2 / |a s - e|^2) with a = <e, s> / <s, s>.
    """
    e, s = np.asarray(estimate, np.float64), np.asarray(truth, np.float64)
    energy = float(s @ s)
    if not energy or not np.any(e):
        return float("-inf")
    part = (float(e @ s) / energy) * s
    rest = float(np.sum((part - e) ** 2))
    held = float(part @ part)
    return 10 * np.log10(held / rest) if rest > 0 and held > 0 else (float("inf") if held else float("-inf"))
