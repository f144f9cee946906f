"""Non-negative factorisation of spectrograms: V ~ W H, with bases that are fixed, adapted or free.

V (rows, frames) holds magnitudes, W (rows, bases) spectra that sum to one, H (bases, frames) their activations.
Multiplicative updates of the generalised Kullback-Leibler divergence (Lee & Seung, NIPS 2000); fixed bases beside
free ones after Smaragdis et al. (ICA 2007), adaptation after Kwon et al. (IEEE SPL 22, 2015).
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import uniform_filter1d

TINY = np.float32(1e-9)


def factorise(
    spectrogram: np.ndarray,
    bases: np.ndarray,
    update: np.ndarray,
    iterations: int,
    rng: np.random.Generator,
    sparsity: float = 0.0,
    steady: np.ndarray | None = None,
    steady_frames: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Bases W and activations H whose product is near the spectrogram.

    Args:
        spectrogram: magnitudes >= 0, shape (rows, frames).
        bases: where W begins, shape (rows, bases).
        update: how much of each basis a step may change, shape (bases,): 0 fixed, 1 free, between them adapted, that
            is pulled back to where it began.
        iterations: steps.
        rng: draws the first activations.
        sparsity: cost of an activation, in units of a basis that sums to one.
        steady: which bases sound without pauses (bases,); their activations are averaged over ``steady_frames``.
    Returns:
        W of the same shape with columns that sum to one, and H (bases, frames), float32.
    """
    v = np.maximum(spectrogram, TINY).astype(np.float32)
    first = w = summing_to_one(bases)
    level = v.sum() / max(1, w.shape[1] * v.shape[1])
    h = (level * rng.uniform(0.5, 1.5, (w.shape[1], v.shape[1]))).astype(np.float32)
    changing = np.flatnonzero(update > 0)
    for _ in range(iterations):
        ratio = v / (w @ h + TINY)
        h *= (w.T @ ratio) / np.float32(1 + sparsity)
        if steady is not None and steady.any() and steady_frames > 1:
            h[steady] = uniform_filter1d(h[steady], min(steady_frames, h.shape[1]), axis=1)
        if len(changing):
            w, h = with_updated(v, w, h, first, update, changing)
    return w, h


def with_updated(v, w, h, first, update, changing) -> tuple[np.ndarray, np.ndarray]:
    """W after one step of its changing columns, and H rescaled so that these sum to one again."""
    ratio = v / (w @ h + TINY)
    moved = w[:, changing] * (ratio @ h[changing].T) / (h[changing].sum(axis=1) + TINY)
    scale = moved.sum(axis=0) + TINY
    h[changing] *= scale[:, None]
    share = update[changing].astype(np.float32)
    w = w.copy()
    w[:, changing] = summing_to_one(share * moved / scale + (1 - share) * first[:, changing])
    return w, h


def learned_bases(spectrogram: np.ndarray, count: int, iterations: int, seed: int, sparsity: float = 0.0):
    """(W, H) of ``count`` free bases that begin as randomly chosen frames, which converges sooner than noise."""
    rng = np.random.default_rng(seed)
    power = spectrogram.sum(axis=0)
    chances = power / power.sum() if power.sum() > 0 else None
    chosen = rng.choice(spectrogram.shape[1], count, p=chances)
    start = spectrogram[:, chosen] + 0.1 * spectrogram.mean() * rng.uniform(size=(len(spectrogram), count))
    return factorise(spectrogram, start + TINY, np.ones(count), iterations, rng, sparsity)


def summing_to_one(bases: np.ndarray) -> np.ndarray:
    bases = np.maximum(bases, TINY)
    return (bases / bases.sum(axis=0)).astype(np.float32)


def stacked(spectrogram: np.ndarray, frames: int) -> np.ndarray:
    """Each frame with the ``frames - 1`` before it below: (rows, n) to (rows * frames, n), silence before the first."""
    if frames == 1:
        return spectrogram
    rows, count = spectrogram.shape
    out = np.zeros((frames, rows, count), spectrogram.dtype)
    for delay in range(frames):
        out[delay, :, delay:] = spectrogram[:, : count - delay]
    return out.reshape(frames * rows, count)


def unstacked(stack: np.ndarray, frames: int) -> np.ndarray:
    """The mean of what all stacked frames say of each frame: the inverse of ``stacked``."""
    if frames == 1:
        return stack
    blocks = stack.reshape(frames, -1, stack.shape[1])
    total = np.zeros(blocks.shape[1:], np.float64)
    said = np.zeros(stack.shape[1])
    for delay, block in enumerate(blocks):
        total[:, : block.shape[1] - delay] += block[:, delay:]
        said[: block.shape[1] - delay] += 1
    return (total / said).astype(stack.dtype)


def divergence(spectrogram: np.ndarray, estimate: np.ndarray) -> float:
    """Generalised Kullback-Leibler divergence, sum of v ln(v / e) - v + e; 0 where both agree."""
    v, e = np.maximum(spectrogram, TINY).astype(np.float64), np.maximum(estimate, TINY).astype(np.float64)
    return float(np.sum(v * np.log(v / e) - v + e))
