"""Kernel distances (squared maximum mean discrepancy, unbiased): no Gaussian assumed, no bias from small sets.

Both can be slightly negative on sets of one distribution: that is what unbiased means, and it is reported as it is.
"""

import numpy as np

from metrics.distances.samples import SampleProblem, check_pair, check_samples
from metrics.distances.value import Value

KAD_SCALE = 100.0
ROWS_A_BLOCK = 2048  # pairwise blocks of this many rows keep memory at tens of megabytes for any n


def kernel_distance(x, y, bandwidth: float | None = None) -> Value:
    """KAD: 100 · unbiased MMD² of rows x (n, d) and y (m, d) under exp(-‖a-b‖² / (2 bandwidth² + 1e-8)).

    Without a bandwidth the lower median of all pairwise distances of the reference is taken, and told in `details`.
    Source: Chung et al., 2025 (their public code took the bandwidth from whichever set came first).
    """
    x, y = check_pair(x, y)
    bandwidth = median_distance(y) if bandwidth is None else float(bandwidth)
    gamma = 1 / (2 * _require_bandwidth(bandwidth) ** 2 + 1e-8)
    within_x = _mean_gaussian(x, x, gamma, without_diagonal=True)
    within_y = _mean_gaussian(y, y, gamma, without_diagonal=True)
    across = _mean_gaussian(x, y, gamma, without_diagonal=False)
    return Value(KAD_SCALE * (within_x + within_y - 2 * across), bandwidth=bandwidth)


def redrawn_kernel_distances(x, y, weights_x: np.ndarray, weights_y: np.ndarray, bandwidth: float) -> np.ndarray:
    """KAD of many redraws of one pair of sets, shape (redraws,); weights (redraws, rows) say how often a row was drawn.

    Equal to `kernel_distance` on the repeated rows, but each kernel value is computed once for all redraws.
    """
    x, y = check_pair(x, y)
    gamma = 1 / (2 * _require_bandwidth(bandwidth) ** 2 + 1e-8)
    within = []
    for rows, weights in ((x, weights_x), (y, weights_y)):
        total = weights.sum(axis=1)
        # A row and itself have kernel 1: every drawn row drops one such pair, copies of it count as other rows.
        within.append((_weighted_gaussian(rows, rows, weights, weights, gamma) - total) / (total * (total - 1)))
    across = _weighted_gaussian(x, y, weights_x, weights_y, gamma) / (weights_x.sum(axis=1) * weights_y.sum(axis=1))
    return KAD_SCALE * (within[0] + within[1] - 2 * across)


def median_distance(y) -> float:
    """Lower median of the distances between all pairs of different rows."""
    y = check_samples(y, "y (reference)")
    upper = [
        _squared_distances(y[start : start + ROWS_A_BLOCK], y[start:])[_above_diagonal(len(y) - start)]
        for start in range(0, len(y), ROWS_A_BLOCK)
    ]
    distances = np.concatenate(upper)
    middle = (distances.size - 1) // 2
    return float(np.sqrt(np.partition(distances, middle)[middle]))


def kernel_inception_distance(x, y, subsets: int = 100, subset_size: int = 1000, seed: int | None = 2020) -> Value:
    """KID: mean over subsets of unbiased MMD² under (a·b / d + 1)³; `details` hold std (ddof 0), subsets, subset_size.

    Rows are drawn by numpy's RandomState(seed) without replacement, x before y, as torch-fidelity draws them.
    Source: Binkowski et al., 2018.
    """
    x, y = check_pair(x, y)
    if not 2 <= subset_size <= min(len(x), len(y)):
        raise SampleProblem(
            f"subset_size is {subset_size} with {len(x)} and {len(y)} rows",
            f"2 to {min(len(x), len(y))}",
            "lower subset_size and report it beside the value: it is part of the definition",
        )
    if subsets < 1:
        raise SampleProblem(f"subsets is {subsets}", "1 or more", "use 100, the usual number")
    draw = np.random.RandomState(seed)
    values = []
    for _ in range(subsets):
        rows_x = x[draw.choice(len(x), subset_size, replace=False)]
        rows_y = y[draw.choice(len(y), subset_size, replace=False)]
        values.append(_polynomial_discrepancy(rows_x, rows_y))
    return Value(np.mean(values), std=float(np.std(values)), subsets=subsets, subset_size=subset_size)


def _polynomial_discrepancy(x: np.ndarray, y: np.ndarray) -> float:
    size, width = x.shape
    within_x, within_y, across = ((a @ b.T / width + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))
    pairs = size * (size - 1)
    within = (within_x.sum() - np.trace(within_x) + within_y.sum() - np.trace(within_y)) / pairs
    return float(within - 2 * across.mean())


def _mean_gaussian(a: np.ndarray, b: np.ndarray, gamma: float, without_diagonal: bool) -> float:
    total = 0.0
    for start in range(0, len(a), ROWS_A_BLOCK):
        kernel = np.exp(-gamma * _squared_distances(a[start : start + ROWS_A_BLOCK], b))
        if without_diagonal:
            rows = np.arange(len(kernel))
            kernel[rows, start + rows] = 0.0
        total += float(kernel.sum())
    return total / (len(a) * (len(b) - 1 if without_diagonal else len(b)))


def _weighted_gaussian(
    a: np.ndarray, b: np.ndarray, weights_a: np.ndarray, weights_b: np.ndarray, gamma: float
) -> np.ndarray:
    """Sum over all pairs of rows of weight x weight x kernel, one figure a redraw."""
    totals = np.zeros(len(weights_a))
    for start in range(0, len(a), ROWS_A_BLOCK):
        here = slice(start, start + ROWS_A_BLOCK)
        kernel = np.exp(-gamma * _squared_distances(a[here], b))
        totals += np.sum((weights_a[:, here] @ kernel) * weights_b, axis=1)
    return totals


def _require_bandwidth(bandwidth: float) -> float:
    if not bandwidth > 0:
        raise SampleProblem(
            f"the bandwidth is {bandwidth:.3g}",
            "a positive number; 0 means that most reference rows are equal",
            "pass bandwidth=, or look for silent or repeated clips in the reference",
        )
    return bandwidth


def _squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    centre = b.mean(axis=0)  # norms of centred rows are small, so their differences keep their digits
    a, b = a - centre, b - centre
    squared = np.sum(a**2, axis=1)[:, None] + np.sum(b**2, axis=1)[None, :] - 2 * (a @ b.T)
    return np.maximum(squared, 0.0)


def _above_diagonal(columns: int) -> tuple[np.ndarray, np.ndarray]:
    rows = min(ROWS_A_BLOCK, columns)
    return np.triu_indices(rows, k=1, m=columns)
