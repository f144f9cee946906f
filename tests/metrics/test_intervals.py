"""Intervals and noise floors against normal theory."""

import numpy as np
import pytest

from metrics.intervals import bootstrap_interval, split_half_floor


def test_the_interval_of_a_mean_is_near_two_standard_errors():
    values = np.random.default_rng(1).normal(size=400)
    low, high = bootstrap_interval(values.mean(), lambda i: values[i[0]].mean(), [400], resamples=2000)
    error = values.std(ddof=1) / 20
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)


def test_a_figure_that_redrawing_inflates_still_lies_inside_its_interval():
    values = np.random.default_rng(2).normal(size=50)
    distinct = lambda i: float(len(values) - len(np.unique(i[0])))  # noqa: E731  0 without repeats, always more with them
    low, high = bootstrap_interval(0.0, distinct, [50])
    assert low < 0 < high


def test_the_same_seed_gives_the_same_interval():
    values = np.arange(30.0)
    one, two = (bootstrap_interval(14.5, lambda i: values[i[0]].mean(), [30], seed=3) for _ in range(2))
    assert one == two


def test_the_floor_is_the_mean_over_disjoint_halves():
    halves = []
    floor = split_half_floor(lambda a, b: halves.append((set(a), set(b))) or 2.0, 9)
    assert floor == 2.0
    assert all(len(a) == len(b) == 4 and not a & b for a, b in halves)


def test_three_clips_have_no_floor():
    assert split_half_floor(lambda a, b: 1.0, 3) is None
