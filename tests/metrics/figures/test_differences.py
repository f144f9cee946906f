"""Redraws of every metric at once equal the metric on the redrawn clips; differences of two sets are paired."""

import numpy as np
import pytest

from metrics.distances import kernel_distance, median_distance
from metrics.figures.differences import differences
from metrics.figures.intervals import halves, redraws
from metrics.figures.records import metrics_of
from metrics.sets.embedding import EmbeddedSet
from tests.metrics.report.test_results import IDENTITY, made_set


def names_of(measures):
    return [name.split("[")[0] for name in measures]


def test_redrawn_figures_equal_the_metric_on_the_redrawn_clips():
    labels = ["tone", "hiss", "unheard of"] * 4
    generated, reference = made_set(1, shift=1.0, labels=labels), made_set(2, clips=9)
    draws, reference_draws = redraws(12, 4), redraws(9, 4, stream=1)
    for name, measure in metrics_of(generated, reference).items():
        redrawn = measure.redrawn(generated, reference, draws, reference_draws)
        for row in range(4):
            chosen, chosen_reference = generated.choose(draws[row]), reference.choose(reference_draws[row])
            if name.startswith("kernel"):
                bandwidth = median_distance(reference.rows)
                expected = kernel_distance(chosen.rows, chosen_reference.rows, bandwidth)
            elif name.startswith("audio_kl"):
                expected = measure.value(chosen, reference)  # pairs follow the generated clips
            else:
                expected = measure.value(chosen, chosen_reference)
            assert redrawn[row] == pytest.approx(expected, rel=1e-9), name


def test_the_kernel_floor_is_the_distance_of_disjoint_halves():
    reference = made_set(2)
    one, two = halves(12)
    measure = metrics_of(reference, reference)["kernel_audio_distance[made-up]"]
    floors = measure.redrawn(reference, reference, one, two)
    expected = kernel_distance(
        reference.choose(one[3]).rows, reference.choose(two[3]).rows, median_distance(reference.rows)
    )
    assert floors[3] == pytest.approx(expected, rel=1e-9)


def test_a_set_minus_itself_is_nothing_with_no_spread():
    generated, reference = made_set(1), made_set(2)
    for figure in differences(generated, generated, reference, 20).values():
        assert (figure["value"], figure["low"], figure["high"]) == (0, 0, 0)
        assert (figure["verdict"], figure["paired"]) == ("undecided", True)


def near_copy(one, seed, spread):
    """The same clips, every number moved a little."""
    rng = np.random.default_rng(seed)
    rows = [rows + rng.normal(scale=spread, size=rows.shape) for rows in one.clip_rows]
    logits = [logits + rng.normal(scale=spread, size=logits.shape) for logits in one.clip_logits]
    return EmbeddedSet(IDENTITY, one.sounds, rows, logits, [], one.classes)


def test_the_nearer_set_is_called_better_and_pairs_make_the_difference_sure():
    reference = made_set(2, clips=60)
    near, far = near_copy(reference, 3, 0.5), near_copy(reference, 4, 1.5)
    table = differences(near, far, reference)
    assert names_of(table) == [
        "frechet_distance",
        "kernel_audio_distance",
        "audio_inception_score",
        "audio_kl_divergence",
    ]
    for name, figure in table.items():
        if not name.startswith("audio_inception"):
            assert figure["verdict"] == "better"
            assert differences(far, near, reference)[name]["verdict"] == "worse"


def test_pairing_narrows_the_interval_of_two_sets_that_share_their_clips():
    reference, first = made_set(2, clips=40), made_set(5, clips=40)
    second = near_copy(first, 6, 0.05)
    renamed = near_copy(first, 6, 0.05)
    renamed.sounds = second.sounds[1:] + second.sounds[:1]
    name = "kernel_audio_distance[made-up]"
    paired, unpaired = (differences(first, one, reference)[name] for one in (second, renamed))
    assert (paired["paired"], unpaired["paired"]) == (True, False)
    assert paired["high"] - paired["low"] < 0.5 * (unpaired["high"] - unpaired["low"])


def test_a_difference_that_cannot_be_computed_says_why():
    silent = made_set(2)
    silent.clip_rows = [np.zeros((2, 4))] * 12
    figure = differences(made_set(1), made_set(3), silent)["kernel_audio_distance[made-up]"]
    assert figure["value"] is None
    assert "bandwidth is 0" in figure["note"]
