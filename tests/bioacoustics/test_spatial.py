"""Scenes in space: what words and labels say of a side, and what the stereo codec keeps of it."""

import csv

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.bioacoustics.azimuth import azimuth_of_cardioids, azimuth_of_stereo, delay_s, error, through
from dataset_builder.commands import soundscapes
from dataset_builder.soundscapes.scenes.places import (
    SPACING_M,
    Place,
    ambisonics,
    around,
    azimuth_in,
    delayed,
    from_cardioids,
    placed_in,
    stereo,
    to_cardioids,
)
from spectrogram.codec import SpectrogramCodec
from spectrogram.params import SpectrogramParams
from spectrogram.problems import UsageProblem

RATE = 24_000


def noise(seconds=1.0, seed=0):
    return np.random.default_rng(seed).standard_normal(round(seconds * RATE)) * 0.1


@pytest.mark.parametrize(
    ("words", "rest", "azimuth"),
    [
        ("a robin on the left", "a robin", 60),
        ("a distant owl, to the right", "a distant owl", -60),
        ("a stream behind", "a stream", 180),
        ("a close dog in front", "a close dog", 0),
        ("a robin in a forest", "a robin in a forest", None),
        ("a bright bell", "a bright bell", None),
    ],
)
def test_words_say_a_side_or_none(words, rest, azimuth):
    assert azimuth_in(words) == (rest, azimuth)


def test_a_delay_of_a_fraction_of_a_sample_turns_the_phase_by_it():
    t = np.arange(4000) / RATE
    moved = delayed(np.sin(2 * np.pi * 1000 * t), 0.3 / RATE, RATE)
    np.testing.assert_allclose(moved[500:-500], np.sin(2 * np.pi * 1000 * (t - 0.3 / RATE))[500:-500], atol=5e-3)


@settings(max_examples=20, deadline=None)
@given(st.floats(-80, 80))
def test_the_azimuth_of_a_stereo_scene_is_heard_where_it_was_put(azimuth):
    assert azimuth_of_stereo(stereo(noise(0.5), Place(azimuth), RATE), RATE) == pytest.approx(azimuth, abs=5)


@settings(max_examples=20, deadline=None)
@given(st.floats(-180, 180))
def test_four_cardioids_know_the_azimuth_all_around(azimuth):
    audio = ambisonics(noise(0.2), Place(azimuth))
    told = azimuth_of_cardioids(to_cardioids(audio))
    assert error({"azimuth_deg": azimuth, "after_deg": told}, "after") < 1e-6
    np.testing.assert_allclose(from_cardioids(to_cardioids(audio)), audio, atol=1e-12)


def test_the_nearer_side_hears_first_and_louder():
    left = stereo(noise(), Place(90), RATE)
    assert delay_s(left[0], left[1], RATE) == pytest.approx(SPACING_M / 343, abs=3e-6)
    assert np.std(left[0]) > 2 * np.std(left[1])
    assert np.allclose(*stereo(noise(), Place(0), RATE))


def test_a_background_from_everywhere_has_no_side():
    left, right = around("stereo", noise(4), RATE)
    assert np.std(left) == pytest.approx(np.std(right), rel=0.05)
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.7


def test_places_and_layouts_that_do_not_exist_are_refused():
    with pytest.raises(UsageProblem, match="is no place"):
        Place(200)
    with pytest.raises(UsageProblem, match="no layout"):
        placed_in("quadraphonic", noise(), Place(0), RATE)


def chirps(seconds, rate_hz, hz):
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    sweep = np.sin(2 * np.pi * (hz * t + hz / 3 * np.sin(2 * np.pi * 3 * t) / 6)) * (np.sin(2 * np.pi * 4 * t) > 0)
    return 0.3 * sweep + 0.002 * np.random.default_rng(0).standard_normal(len(t))


@pytest.mark.parametrize(("hz", "azimuths"), [(1200, (-60, 30)), (4000, (-20, 70))])
def test_the_stereo_codec_keeps_which_side_leads_where_phases_wrap_too(hz, azimuths):
    params = SpectrogramParams.preset("sd15-stereo").replace(columns=128, mel_bands=256)
    codec, rate_hz = SpectrogramCodec(params), params.sample_rate_hz
    for azimuth in azimuths:
        audio = stereo(chirps(params.clip_seconds, rate_hz, hz), Place(azimuth), rate_hz)
        assert azimuth_of_stereo(through(codec, audio, rate_hz), rate_hz) == pytest.approx(azimuth, abs=10)


@pytest.mark.parametrize(("layout", "channels"), [("stereo", 2), ("ambisonics", 4)])
def test_a_sentence_with_sides_is_heard_and_labelled_there(tmp_path, layout, channels):
    sentence = "a dog barking on the left followed by a bell ringing on the right"
    asked = ["--layout", layout, "--prompt", sentence, "--out", str(tmp_path)]
    assert soundscapes.main(asked) == 0
    with (tmp_path / "strong_labels.csv").open() as file:
        first, second = csv.DictReader(file)
    assert (float(first["azimuth_deg"]), float(second["azimuth_deg"])) == (60, -60)
    audio, rate_hz = soundfile.read(tmp_path / "audio" / "000000.flac", always_2d=True)
    assert audio.shape[1] == channels
    for row, azimuth in ((first, 60), (second, -60)):
        inside = audio[round(float(row["onset_s"]) * rate_hz) : round(float(row["offset_s"]) * rate_hz)].T
        heard = azimuth_of_stereo(inside, rate_hz) if channels == 2 else azimuth_of_cardioids(to_cardioids(inside))
        assert heard == pytest.approx(azimuth, abs=6)


def test_drawn_scenes_say_their_sides(tmp_path):
    asked = ["--layout", "stereo", "--azimuth-deg", "40", "70", "--clips", "2", "--out", str(tmp_path)]
    assert soundscapes.main(asked) == 0
    with (tmp_path / "metadata.csv").open() as file:
        assert all("on the left" in row["caption"] for row in csv.DictReader(file))
