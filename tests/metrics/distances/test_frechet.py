"""Fréchet distance against closed forms and against the nuclear norm of the cross-product, on sets of every kind."""

import numpy as np
import pytest
import scipy.linalg

from metrics.distances import (
    SampleProblem,
    fad_infinity,
    frechet_distance,
    frechet_distance_from_statistics,
    frechet_distance_per_row_group,
)


def rows(n, d, seed, scale=1.0, offset=0.0):
    return np.random.default_rng(seed).normal(size=(n, d)) * scale + offset


def rotation(d, seed=9):
    return np.linalg.qr(rows(d, d, seed))[0]


def spread(condition, d):
    return np.sqrt(np.logspace(0, -np.log10(condition), d))


def low_rank(n, d, rank, seed):
    return rows(n, rank, seed) @ rotation(d)[:rank]


def graded(n, condition, seed, scale=1.0):
    return rows(n, 64, seed) * spread(condition, 64) @ rotation(64) * scale


SETS = {
    "well conditioned": (rows(500, 64, 1), rows(300, 64, 2, 1.2, 0.1)),
    "one dimension": (rows(50, 1, 1), rows(40, 1, 2, 2.0)),
    "fewer rows than dimensions": (rows(40, 64, 1), rows(30, 64, 2, 1.2)),
    "few rows against many": (rows(30, 64, 1), rows(300, 64, 2, 1.2)),
    "many rows against few": (rows(300, 64, 1), rows(30, 64, 2, 1.2)),
    "as many rows as dimensions": (rows(64, 64, 1), rows(64, 64, 2, 1.2)),
    "one row more than dimensions": (rows(65, 64, 1), rows(65, 64, 2, 1.2)),
    "two rows": (rows(2, 64, 1), rows(2, 64, 2, 1.2, 0.5)),
    "rank 8 of 64": (low_rank(200, 64, 8, 1), low_rank(200, 64, 8, 2) * 1.3),
    "rank 8 against full": (low_rank(200, 64, 8, 1), rows(200, 64, 2)),
    "condition 1e6": (graded(500, 1e6, 1), graded(300, 1e6, 2, 1.3)),
    "condition 1e10": (graded(500, 1e10, 1), graded(300, 1e10, 2, 1.3)),
    "condition 1e14": (graded(500, 1e14, 1), graded(300, 1e14, 2, 1.3)),
    "condition 1e14, one distribution": (graded(500, 1e14, 1), graded(300, 1e14, 2)),
    "offset 1e4": (rows(500, 64, 1, 1.0, 1e4), rows(300, 64, 2, 1.2, 1e4)),
    "tiny scale": (rows(500, 64, 1, 1e-6), rows(300, 64, 2, 1.2e-6)),
    "silent generated set": (np.full((20, 64), -4.605), rows(300, 64, 2)),
    "wide and short": (rows(33, 300, 1), rows(40, 300, 2, 1.1)),
}


def nuclear_norm_reference(x, y):
    """The definition, with centring and traces in extended precision and singular values of the cross-product."""
    x, y = x.astype(np.longdouble), y.astype(np.longdouble)
    mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
    factor_x, factor_y = (x - mean_x) / np.sqrt(len(x) - 1), (y - mean_y) / np.sqrt(len(y) - 1)
    norm = np.longdouble(scipy.linalg.svdvals((factor_x @ factor_y.T).astype(float)).sum())
    return float(((mean_x - mean_y) ** 2).sum() + (factor_x**2).sum() + (factor_y**2).sum() - 2 * norm)


@pytest.mark.parametrize("kind", SETS)
def test_distance_from_rows_equals_the_nuclear_norm_reference(kind):
    x, y = SETS[kind]
    assert frechet_distance(x, y) == pytest.approx(nuclear_norm_reference(x, y), rel=1e-9)


@pytest.mark.parametrize("kind", SETS)
def test_distance_from_statistics_equals_the_nuclear_norm_reference(kind):
    x, y = SETS[kind]
    value = frechet_distance_from_statistics(x.mean(axis=0), np.cov(x.T), y.mean(axis=0), np.cov(y.T))
    assert value == pytest.approx(nuclear_norm_reference(x, y), rel=1e-8)


def test_commuting_covariances_give_the_closed_form():
    turn, one, two = rotation(32), np.linspace(0.1, 3, 32), np.linspace(2, 0.01, 32)
    value = frechet_distance_from_statistics(np.zeros(32), turn * one @ turn.T, np.ones(32), turn * two @ turn.T)
    assert value == pytest.approx(32 + np.sum((np.sqrt(one) - np.sqrt(two)) ** 2), rel=1e-12)


def test_well_conditioned_value_equals_the_matrix_square_root():
    x, y = SETS["well conditioned"]
    a, b = np.cov(x.T), np.cov(y.T)
    shift = np.sum((x.mean(axis=0) - y.mean(axis=0)) ** 2)
    expected = shift + np.trace(a) + np.trace(b) - 2 * np.trace(scipy.linalg.sqrtm(a @ b)).real
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-10)


def test_pure_shift_costs_its_square_and_equal_sets_cost_nothing():
    x = rows(100, 16, 1)
    assert frechet_distance(x, x + 0.5) == pytest.approx(16 * 0.25, rel=1e-9)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-10)


def test_the_distance_is_symmetric_and_ignores_a_rotation():
    x, y = SETS["rank 8 against full"]
    turn = rotation(64, seed=3)
    assert frechet_distance(y, x) == pytest.approx(frechet_distance(x, y), rel=1e-12)
    assert frechet_distance(x @ turn, y @ turn) == pytest.approx(frechet_distance(x, y), rel=1e-10)


def test_infinity_is_the_intercept_of_a_line_over_one_over_n():
    x, y = rows(400, 8, 1), rows(400, 8, 2)
    subsets = [np.arange(n) for n in (100, 200, 300, 400)]
    value, slope, r2 = fad_infinity(x, y, subsets)
    inverse = np.array([1 / len(s) for s in subsets])
    design = np.stack([np.ones(4), inverse], axis=1)
    measured = np.array([frechet_distance(x[s], y) for s in subsets])
    (intercept, gradient), residual, *_ = np.linalg.lstsq(design, measured, rcond=None)
    assert value == pytest.approx(intercept, rel=1e-9)
    assert slope == pytest.approx(gradient, rel=1e-9)
    assert r2 == pytest.approx(1 - residual[0] / np.sum((measured - measured.mean()) ** 2), rel=1e-9)


def test_infinity_needs_two_sizes():
    with pytest.raises(SampleProblem, match="two sizes"):
        fad_infinity(rows(9, 2, 1), rows(9, 2, 2), [np.arange(5), np.arange(5)])


def test_distance_per_clip_finds_the_strange_clip():
    y = rows(300, 8, 1)
    distances = frechet_distance_per_row_group([rows(30, 8, 2), rows(30, 8, 3, 1.0, 4.0), rows(30, 8, 4)], y)
    assert np.argmax(distances) == 1


def test_a_clip_of_one_window_counts_as_a_point():
    x, y = rows(1, 8, 2), rows(300, 8, 1)
    expected = np.sum((x[0] - y.mean(axis=0)) ** 2) + np.trace(np.cov(y.T))
    assert frechet_distance_per_row_group([x], y) == pytest.approx([expected])


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (rows(1, 4, 1), rows(5, 4, 2), r"x \(generated\) has 1 row"),
        (rows(5, 4, 1), rows(5, 3, 2), "x has 4 dimensions and y has 3"),
        (np.zeros(5), rows(5, 4, 2), r"1 dimension\(s\), shape \(5,\)"),
        (
            rows(5, 4, 1),
            np.where(np.arange(20).reshape(5, 4) == 9, np.nan, 1.0),
            "y .* 1 of 5 rows, counted from 0: row 2",
        ),
        (np.full((3, 4), np.inf), rows(5, 4, 2), "3 of 3 rows"),
    ],
)
def test_unusable_sets_are_refused_with_their_cause(x, y, said):
    with pytest.raises(ValueError, match=said):
        frechet_distance(x, y)


def test_a_covariance_with_a_negative_eigenvalue_is_refused():
    with pytest.raises(ValueError, match="negative eigenvalue"):
        frechet_distance_from_statistics(np.zeros(2), np.diag([1.0, -0.5]), np.zeros(2), np.eye(2))
