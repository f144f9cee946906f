"""Drills: twins differ in what their captions say, and in nothing else that can be helped."""

import numpy as np
import pytest

from dataset_builder.soundscapes.synthesis import captions
from training.base_model import drills


def of_kind(kind, count):
    """The first ``count`` twins of a kind."""
    shares = [float(name == kind) for name in drills.KINDS]
    return [(drills.compose(5, shares, 2 * k), drills.compose(5, shares, 2 * k + 1)) for k in range(count)]


def test_ordered_twins_hold_the_same_two_sounds_the_other_way_round():
    for one, other in of_kind("order", 3):
        assert [e.label for e in one.events] == [e.label for e in other.events][::-1]
        assert one.events[1].onset_s == pytest.approx(drills.SECONDS - other.events[1].onset_s, abs=1e-3)
        assert captions.swap(one.captions[0])
        turn = round(one.events[1].onset_s * drills.RATE_HZ)
        first, second = one.audio[:turn], one.audio[turn:]
        moved = np.concatenate([second, first])
        assert np.corrcoef(moved[4800:-4800], other.audio[4800:-4800])[0, 1] > 0.9


def test_paced_twins_are_one_class_fast_and_not_fast():
    for fast, other in of_kind("pace", 6):
        assert fast.events[0].label == other.events[0].label
        assert dict(fast.events[0].attributes) == {"pace": "fast"}
        assert dict(other.events[0].attributes) in ({}, {"pace": "slow"})


def test_loud_is_louder_than_soft_and_once_is_shorter_than_many():
    seen = set()
    for one, other in of_kind("other", 16):
        said = dict(one.events[0].attributes)
        if said.get("loudness"):
            assert np.std(one.audio) > 3 * np.std(other.audio)
            seen.add("loudness")
        elif said.get("count"):
            loud = [(np.abs(scape.audio) > 0.02 * np.abs(scape.audio).max()).mean() for scape in (one, other)]
            assert loud[0] < loud[1]
            assert "once" in one.captions[0] + one.captions[1] or "single" in one.captions[0] + one.captions[1]
            seen.add("count")
        else:
            place = captions.PLACES[one.events[1].label]
            assert any(one.captions[0].endswith(where) for where in place)
            seen.add("place")
    assert seen == {"loudness", "count", "place"}
