"""What was made once is heard again by another judge without being made again."""

import numpy as np
import pytest

from benchmarks.base_model import keep, meters
from benchmarks.base_model.clips import Clip


def never(*_):
    pytest.fail("made a second time")


def test_clips_come_back_as_they_were_made(tmp_path):
    def make(sets):
        for number, clip in enumerate(sets["rain"]):
            clip.sound, clip.picture = np.full(8, number, np.float32), np.full((2, 4), number, np.uint8)
        return {"alone": 0.5}

    first, again = {"rain": [Clip("rain"), Clip("rain")]}, {"rain": [Clip("rain"), Clip("rain")]}
    assert keep.clips(tmp_path, "made", first, make) == {"alone": 0.5}
    assert keep.clips(tmp_path, "made", again, never) == {"alone": 0.5}
    assert np.array_equal(again["rain"][1].sound, np.full(8, 1, np.float32))
    assert again["rain"][1].picture.dtype == np.uint8


def test_gauges_keep_their_meter_and_threshold(tmp_path):
    made = ({"siren": (meters.fundamental, 9.5)}, ["rain"])
    assert keep.gauges(tmp_path, "pitch", lambda: made) == made
    assert keep.gauges(tmp_path, "pitch", never) == made


def test_other_weights_or_sizes_are_another_folder_and_no_root_keeps_nothing(tmp_path):
    assert keep.folder_of(tmp_path, "a", 1) == keep.folder_of(tmp_path, "a", 1)
    assert keep.folder_of(tmp_path, "a", 1) != keep.folder_of(tmp_path, "b", 1)
    assert keep.folder_of(None, "a") is None
    assert np.array_equal(keep.array(None, "x", lambda: np.ones(2)), np.ones(2))
