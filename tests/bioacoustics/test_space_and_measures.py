"""Scenes in space, what the codec leaves of them, and events measured in the sound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioacoustics.detection.measured import measured
from bioacoustics.spatial.azimuth import azimuth_of_ambisonics, azimuth_of_stereo, delay_s
from bioacoustics.spatial.scene import Place, ambisonics, delayed, place_in, scene, stereo
from spectrogram.files.annotations import Annotation
from spectrogram.problems import UsageProblem

RATE = 24_000


def noise(seconds=1.0, seed=0):
    return np.random.default_rng(seed).standard_normal(round(seconds * RATE)) * 0.1


@pytest.mark.parametrize(
    ("words", "rest", "azimuth", "distance"),
    [
        ("a robin on the left", "a robin", 60, 5),
        ("a distant owl to the right", "a distant owl", -60, 20),
        ("a stream behind", "a stream", 180, 5),
        ("a close dog in front", "a close dog", 0, 2),
    ],
)
def test_words_place_a_sound(words, rest, azimuth, distance):
    assert place_in(words) == (rest, Place(azimuth, distance))


def test_words_that_place_nothing_leave_the_place_open():
    assert place_in("a robin in a forest") == ("a robin in a forest", None)


def test_a_delay_of_a_fraction_of_a_sample_turns_the_phase_by_it():
    t = np.arange(4000) / RATE
    moved = delayed(np.sin(2 * np.pi * 1000 * t), 0.3 / RATE, RATE)
    np.testing.assert_allclose(moved[500:-500], np.sin(2 * np.pi * 1000 * (t - 0.3 / RATE))[500:-500], atol=5e-3)


@settings(max_examples=20, deadline=None)
@given(st.floats(-80, 80))
def test_the_azimuth_of_a_stereo_scene_is_heard_where_it_was_put(azimuth):
    audio = scene([(noise(0.5), Place(azimuth))], RATE)
    assert azimuth_of_stereo(audio, RATE) == pytest.approx(azimuth, abs=5)


@settings(max_examples=20, deadline=None)
@given(st.floats(-179, 179))
def test_the_azimuth_of_an_ambisonic_scene_is_exact_and_knows_behind(azimuth):
    assert azimuth_of_ambisonics(ambisonics(noise(0.2), Place(azimuth))) == pytest.approx(azimuth, abs=1e-6)


def test_the_nearer_ear_hears_first_and_twice_the_distance_is_six_decibels_softer():
    left = stereo(noise(), Place(90), RATE)
    assert delay_s(left[0], left[1], RATE) == pytest.approx(0.2 / 343, abs=3e-6)
    near, far = (np.std(ambisonics(noise(), Place(0, metres))[0]) for metres in (5, 10))
    assert 20 * np.log10(near / far) == pytest.approx(6.02, abs=0.01)


def test_two_sounds_at_two_places_are_heard_at_both():
    first, second = noise(0.5, 1), noise(0.5, 2)
    quiet = np.zeros_like(first)
    audio = scene([(np.concatenate([first, quiet]), Place(40)), (np.concatenate([quiet, second]), Place(-30))], RATE)
    half = audio.shape[1] // 2
    assert azimuth_of_stereo(audio[:, :half], RATE) == pytest.approx(40, abs=4)
    assert azimuth_of_stereo(audio[:, half:], RATE) == pytest.approx(-30, abs=4)


def test_a_place_outside_the_circle_is_refused():
    with pytest.raises(UsageProblem, match="is no place"):
        Place(200)
    with pytest.raises(UsageProblem, match="no layout"):
        scene([(noise(), Place(0))], RATE, "quadraphonic")


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
