"""Events measured in the sound: onset, offset and box, beside what was asked for."""

import csv
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_builder.soundscapes.folder import SceneFolder
from dataset_builder.soundscapes.labels import Event
from spectrogram.files.annotations import Annotation
from spectrogram.verbs.measured import measured, with_measured

RATE = 24_000


def noise(seconds=1.0, seed=0):
    return np.random.default_rng(seed).standard_normal(round(seconds * RATE)) * 0.1


def tone_in(onset, offset, hz, seconds=4.0):
    t = np.arange(round(seconds * RATE)) / RATE
    return 0.3 * np.sin(2 * np.pi * hz * t) * ((t >= onset) & (t < offset))


@settings(max_examples=15, deadline=None)
@given(st.floats(0.8, 2.0), st.floats(0.2, 1.0), st.floats(1500, 8000), st.floats(-25, 0))
def test_onset_offset_and_box_are_measured_where_the_tone_is(onset, length, hz, level_db):
    t = np.arange(4 * RATE) / RATE
    inside = (t >= onset) & (t < onset + length)
    audio = 0.3 * 10 ** (level_db / 20) * np.sin(2 * np.pi * hz * t) * inside + 0.0005 * noise(4, 3)
    told = measured(audio, RATE, Annotation(onset - 0.2, onset + length + 0.3, "x"))
    assert told.onset_s == pytest.approx(onset, abs=0.04)
    assert told.offset_s == pytest.approx(onset + length, abs=0.04)
    assert told.low_hz - 200 <= hz <= told.high_hz + 200
    assert told.high_hz - told.low_hz < 600


def test_an_event_of_which_nothing_is_heard_stays_as_it_was_asked_for():
    asked = Annotation(0.5, 1.0, "x")
    assert measured(np.zeros(2 * RATE, np.float32), RATE, asked) == asked
    assert measured(noise(0.3), RATE, Annotation(5, 6, "x")) == Annotation(5, 6, "x")


def test_what_is_far_from_the_event_and_nearly_nothing_does_not_widen_it():
    audio = tone_in(1, 2, 3000) + 0.02 * tone_in(2.4, 2.45, 5000) + 0.0005 * noise(4, 3)
    told = measured(audio, RATE, Annotation(1, 2, "x"))
    assert told.offset_s == pytest.approx(2, abs=0.05)
    assert told.high_hz < 3500


def test_what_was_asked_for_stays_beside_what_is_measured():
    audio = tone_in(1, 2, 3000) + 0.0005 * noise(4, 3)
    told = with_measured(audio, RATE, Annotation(0.8, 2.3, "tone"))
    assert (told.onset_s, told.offset_s) == (0.8, 2.3)
    assert told.measured_s == pytest.approx((1, 2), abs=0.05)
    silent = Annotation(0.2, 0.7, "nothing")
    assert with_measured(np.zeros(RATE), RATE, silent) == silent


def test_a_scene_folder_holds_what_was_asked_and_what_is_measured(tmp_path):
    audio = (tone_in(1.0, 2.0, 3000) + 0.0005 * noise(4, 3)).astype(np.float32)
    events = [Event("rain", 0, 4, role="background"), Event("tone", 0.9, 2.2)]
    with SceneFolder(tmp_path) as folder:
        folder.add("a", audio, RATE, {"caption": "x", "label": "tone"}, events, 4.0, {})
    with (tmp_path / "strong_labels.csv").open() as file:
        rain, tone = csv.DictReader(file)
    assert rain["measured_onset_s"] == ""
    assert (float(tone["onset_s"]), float(tone["offset_s"])) == (0.9, 2.2)
    assert float(tone["measured_onset_s"]) == pytest.approx(1.0, abs=0.05)
    assert float(tone["measured_offset_s"]) == pytest.approx(2.0, abs=0.05)
    assert float(tone["low_hz"]) - 200 < 3000 < float(tone["high_hz"]) + 200
    value = json.loads((tmp_path / "jams" / "a.jams").read_text())["annotations"][0]["data"][1]["value"]
    assert value["low_hz"] == float(tone["low_hz"])
