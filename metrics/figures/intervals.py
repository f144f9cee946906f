"""How far a figure can be trusted: bootstrap intervals over clips, and the split-half noise floor of the reference.

Clips are drawn, never single windows: windows of one clip are not independent. Redrawing with replacement makes
distances larger (repeats shrink the spread of a set), so an interval keeps the spread of the redrawn figures, not their
place: it lies around the figure that was measured. The same draws serve every metric, and two sets of clips of the same
names, so that differences are paired.
"""

import numpy as np

RESAMPLES = 200
SPLITS = 10


def redraws(size: int, resamples: int = RESAMPLES, seed: int = 0, stream: int = 0) -> np.ndarray:
    """Indices (resamples, size) drawn with replacement; other streams of one seed are independent draws."""
    return np.random.default_rng([seed, stream]).integers(0, size, (resamples, size))


def counts_of(indices: np.ndarray, size: int) -> np.ndarray:
    """How often each of `size` clips occurs in each row of indices, float64 (rows, size)."""
    counts = np.zeros((len(indices), size))
    np.add.at(counts, (np.arange(len(indices))[:, None], indices), 1)
    return counts


def interval_around(value: float, redrawn: np.ndarray, level: float = 0.95) -> tuple[float | None, float | None]:
    """(low, high) that hold the given share of the redrawn figures' spread, laid around the value; None without any."""
    redrawn = np.asarray(redrawn)[np.isfinite(redrawn)]  # a redraw may hold no clip that a metric can use
    if redrawn.size < 2:
        return None, None
    low, high = np.quantile(redrawn - redrawn.mean(), [(1 - level) / 2, (1 + level) / 2])
    return float(value + low), float(value + high)


def redrawn_means(per_clip: np.ndarray, indices: np.ndarray, used: np.ndarray | None = None) -> np.ndarray:
    """Mean of the clips' own figures in each redraw; `used` marks the clips that have one. NaN where none was drawn."""
    used = np.ones(len(per_clip), dtype=bool) if used is None else used
    weights = used[indices].sum(axis=1)
    sums = np.where(used, per_clip, 0.0)[indices].sum(axis=1)
    return np.divide(sums, weights, out=np.full(len(indices), np.nan), where=weights > 0)


def halves(size: int, splits: int = SPLITS, seed: int = 0) -> tuple[np.ndarray, np.ndarray] | None:
    """Two index arrays (splits, size // 2) of disjoint random halves; None under 4 clips.

    The mean figure between halves is the noise floor: what noise alone gives at half the size.
    """
    if size < 4:
        return None
    draw = np.random.default_rng(seed)
    order = np.stack([draw.permutation(size) for _ in range(splits)])
    half = size // 2
    return order[:, :half], order[:, half : 2 * half]
