"""Intervals, redraws and halves against normal theory and against loops."""

import numpy as np
import pytest

from metrics.figures.intervals import counts_of, halves, interval_around, redrawn_means, redraws


def test_the_interval_of_a_mean_is_near_two_standard_errors():
    values = np.random.default_rng(1).normal(size=400)
    low, high = interval_around(values.mean(), redrawn_means(values, redraws(400, 2000)))
    error = values.std(ddof=1) / 20
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)


def test_a_figure_that_redrawing_inflates_still_lies_inside_its_interval():
    repeats = np.array([50.0 - len(np.unique(row)) for row in redraws(50)])  # 0 without repeats, always more with them
    assert repeats.min() > 0
    low, high = interval_around(0.0, repeats)
    assert low < 0 < high


def test_the_same_seed_gives_the_same_draws_and_streams_are_independent():
    np.testing.assert_array_equal(redraws(30, seed=3), redraws(30, seed=3))
    assert not np.array_equal(redraws(30, seed=3), redraws(30, seed=3, stream=1))


def test_counts_say_how_often_a_clip_was_drawn():
    np.testing.assert_array_equal(counts_of(np.array([[0, 2, 2], [1, 1, 1]]), 3), [[1, 0, 2], [0, 3, 0]])


def test_clips_without_a_figure_take_no_part_and_a_redraw_of_them_alone_is_left_out():
    used = np.array([True, True, False])
    means = redrawn_means(np.array([1.0, 3.0, 99.0]), np.array([[0, 1, 2], [2, 2, 0], [2, 2, 2]]), used)
    np.testing.assert_array_equal(means, [2.0, 1.0, np.nan])
    assert interval_around(2.0, means) == pytest.approx((1.525, 2.475))


def test_halves_are_disjoint_and_three_clips_have_none():
    one, two = halves(9)
    assert one.shape == two.shape == (10, 4)
    assert all(not set(a) & set(b) for a, b in zip(one, two, strict=True))
    assert halves(3) is None
