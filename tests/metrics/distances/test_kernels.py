"""Kernel distances against scikit-learn's kernels and scipy's pairwise distances."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist
from sklearn.metrics.pairwise import polynomial_kernel

from metrics.distances import kernel_distance, kernel_inception_distance, kernels, median_distance

X = np.random.default_rng(1).normal(size=(50, 8))
Y = np.random.default_rng(2).normal(size=(41, 8)) * 1.2 + 0.3


def expected_kad(x, y, bandwidth):
    gamma = 1 / (2 * bandwidth**2 + 1e-8)
    within_x, within_y = np.exp(-gamma * pdist(x) ** 2).mean(), np.exp(-gamma * pdist(y) ** 2).mean()
    return 100 * (within_x + within_y - 2 * np.exp(-gamma * cdist(x, y) ** 2).mean())


def test_kad_equals_its_definition_with_the_bandwidth_of_the_reference():
    bandwidth = np.sort(pdist(Y))[(pdist(Y).size - 1) // 2]
    value = kernel_distance(X, Y)
    assert value.details["bandwidth"] == pytest.approx(bandwidth, rel=1e-12)
    assert value == pytest.approx(expected_kad(X, Y, bandwidth), rel=1e-9)


def test_kad_with_a_given_bandwidth_and_a_large_offset_keeps_its_digits():
    assert kernel_distance(X + 1e5, Y + 1e5, bandwidth=3.0) == pytest.approx(expected_kad(X, Y, 3.0), rel=1e-7)


def test_the_median_is_the_lower_one_of_an_even_number_of_pairs():
    assert median_distance(np.array([[0.0], [1.0], [3.0], [7.0]])) == 3.0  # 1 2 3 | 4 6 7


def test_blocks_change_nothing(monkeypatch):
    whole = float(kernel_distance(X, Y))
    monkeypatch.setattr(kernels, "ROWS_A_BLOCK", 7)
    assert kernel_distance(X, Y) == pytest.approx(whole, rel=1e-12)


def test_equal_sets_may_fall_below_zero_because_the_estimate_is_unbiased():
    assert kernel_distance(X, X) < 0


def test_a_silent_reference_has_no_bandwidth():
    with pytest.raises(ValueError, match="bandwidth is 0"):
        kernel_distance(X, np.ones((5, 8)))


def test_kid_equals_the_definition_on_the_same_draws():
    value = kernel_inception_distance(X, Y, subsets=5, subset_size=30, seed=2020)
    draw, expected = np.random.RandomState(2020), []
    for _ in range(5):
        a, b = X[draw.choice(50, 30, replace=False)], Y[draw.choice(41, 30, replace=False)]
        kernel = {"degree": 3, "gamma": 1 / 8, "coef0": 1}
        aa, bb, ab = (polynomial_kernel(u, v, **kernel) for u, v in ((a, a), (b, b), (a, b)))
        within = (aa.sum() - np.trace(aa) + bb.sum() - np.trace(bb)) / (30 * 29)
        expected.append(within - 2 * ab.mean())
    assert value == pytest.approx(np.mean(expected), rel=1e-9)
    assert value.details["std"] == pytest.approx(np.std(expected), rel=1e-9)


def test_kid_refuses_a_subset_larger_than_a_set():
    with pytest.raises(ValueError, match=r"subset_size is 1000 with 50 and 41 rows \(expected 2 to 41"):
        kernel_inception_distance(X, Y)
