"""How far a figure can be trusted: bootstrap intervals over clips, and the split-half noise floor of the reference.

Clips are drawn, never single windows: windows of one clip are not independent. Redrawing with replacement makes
distances larger (repeats shrink the spread of a set), so an interval keeps the spread of the redrawn figures, not their
place: it lies around the figure that was measured.
"""

from collections.abc import Callable

import numpy as np


def bootstrap_interval(
    value: float,
    statistic: Callable[[list[np.ndarray]], float],
    sizes: list[int],
    resamples: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float]:
    """(low, high) at that level; statistic gets one index array for each set of the given sizes."""
    draw = np.random.default_rng(seed)
    redrawn = np.array([statistic([draw.integers(0, n, n) for n in sizes]) for _ in range(resamples)])
    low, high = np.quantile(redrawn - redrawn.mean(), [(1 - level) / 2, (1 + level) / 2])
    return float(value + low), float(value + high)


def split_half_floor(
    statistic: Callable[[np.ndarray, np.ndarray], float], size: int, splits: int = 10, seed: int = 0
) -> float | None:
    """Mean figure between random halves of one set: what noise alone gives at half the size; None under 4 clips."""
    if size < 4:
        return None
    draw = np.random.default_rng(seed)
    values = []
    for _ in range(splits):
        order = draw.permutation(size)
        values.append(statistic(order[: size // 2], order[size // 2 : 2 * (size // 2)]))
    return float(np.mean(values))
