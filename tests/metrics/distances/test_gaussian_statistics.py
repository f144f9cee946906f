"""Streaming statistics against numpy on the whole array."""

import numpy as np
import pytest

from metrics.distances import GaussianStatistics, frechet_distance

ROWS = np.random.default_rng(1).normal(size=(1000, 24)) @ np.random.default_rng(2).normal(size=(24, 24)) + 1e4
VGGISH = {"name": "vggish", "version": "1", "sha256": "ab"}


def streamed(rows, batch, embedder=None):
    statistics = GaussianStatistics(embedder)
    for start in range(0, len(rows), batch):
        statistics.update(rows[start : start + batch])
    return statistics


@pytest.mark.parametrize("batch", [1, 7, 256, 1000])
def test_batches_of_any_size_give_the_mean_and_covariance_of_all_rows(batch):
    statistics = streamed(ROWS, batch)
    assert statistics.count == 1000
    np.testing.assert_allclose(statistics.mean, ROWS.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(statistics.covariance, np.cov(ROWS.T), rtol=1e-9, atol=1e-9)


def test_float32_rows_with_a_large_offset_lose_nothing_beyond_their_own_rounding():
    rows = ROWS.astype(np.float32)
    np.testing.assert_allclose(streamed(rows, 50).covariance, np.cov(rows.astype(float).T), rtol=1e-9, atol=1e-9)


def test_the_order_of_merges_changes_nothing_beyond_rounding():
    parts = [ROWS[:100], ROWS[100:130], ROWS[130:700], ROWS[700:]]

    def merged(order):
        total = GaussianStatistics()
        for index in order:
            total.merge(streamed(parts[index], 64))
        return total

    one, two = merged([0, 1, 2, 3]), merged([3, 1, 0, 2])
    scale = np.abs(one.covariance).max()
    assert one.count == two.count == 1000
    np.testing.assert_allclose(one.mean, two.mean, rtol=1e-12)
    np.testing.assert_allclose(one.covariance, two.covariance, rtol=0, atol=1e-12 * scale)


def test_merging_leaves_the_other_one_as_it_was():
    other = streamed(ROWS[:50], 10)
    streamed(ROWS[50:], 10).merge(other).update(ROWS[:5])
    assert other.count == 50
    np.testing.assert_allclose(other.mean, ROWS[:50].mean(axis=0), rtol=1e-14)


def test_saved_statistics_come_back_with_their_embedder_and_go_on(tmp_path):
    path = streamed(ROWS[:600], 100, VGGISH).save(tmp_path / "half.npz")
    loaded = GaussianStatistics.load(path, embedder=VGGISH).update(ROWS[600:])
    np.testing.assert_allclose(loaded.covariance, np.cov(ROWS.T), rtol=1e-9, atol=1e-9)
    assert [entry.name for entry in tmp_path.iterdir()] == ["half.npz"]


def test_distance_of_statistics_equals_the_distance_of_rows():
    one, two = ROWS[:600], ROWS[600:] * 1.01
    assert streamed(one, 64).distance_to(streamed(two, 64)) == pytest.approx(frechet_distance(one, two), rel=1e-8)


def test_statistics_of_two_embedders_refuse_to_mix(tmp_path):
    newer = VGGISH | {"version": "2"}
    one, two = streamed(ROWS, 500, VGGISH), streamed(ROWS, 500, newer)
    with pytest.raises(ValueError, match="differ in version '1' and '2'"):
        one.merge(two)
    with pytest.raises(ValueError, match="two embedders"):
        one.distance_to(two)
    with pytest.raises(ValueError, match="two embedders"):
        GaussianStatistics.load(one.save(tmp_path / "s.npz"), embedder=newer)


def test_width_and_count_are_checked():
    with pytest.raises(ValueError, match="x has 3 dimensions and y has 24"):
        streamed(ROWS, 100).update(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="at least 2"):
        _ = streamed(ROWS[:1], 1).covariance
    with pytest.raises(ValueError, match="NaN or Inf"):
        GaussianStatistics().update(np.full((2, 2), np.nan))


@pytest.mark.parametrize("empty", [np.empty((0, 6)), [], np.empty((0, 3))])
def test_an_empty_batch_changes_nothing(empty):
    rows = np.random.default_rng(4).normal(size=(20, 6))
    expected = GaussianStatistics().update(rows)
    statistics = GaussianStatistics().update(empty).update(rows[:9]).update(empty).update(rows[9:]).update(empty)
    assert statistics.count == 20
    np.testing.assert_array_equal(statistics.mean, expected.mean)
    np.testing.assert_array_equal(statistics.covariance, expected.covariance)
