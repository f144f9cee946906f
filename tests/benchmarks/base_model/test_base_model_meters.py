"""The meters behind the base model's figures, on signals whose pitch, pace and lines are known."""

import numpy as np
import pytest

from benchmarks.base_model import meters

RATE_HZ = meters.RATE_HZ


def harmonic(hz, seconds=4.0):
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return sum(np.sin(2 * np.pi * k * hz * t) / k for k in range(1, 5)).astype(np.float32) * 0.2


def clicks(rate_hz, seconds=4.0):
    rng, audio = np.random.default_rng(0), np.zeros(round(seconds * RATE_HZ), np.float32)
    for at in np.arange(0.1, seconds - 0.1, 1 / rate_hz):
        start = round(at * RATE_HZ)
        audio[start : start + 800] += rng.standard_normal(800) * np.exp(-np.arange(800) / 150) * 0.3
    return audio


@pytest.mark.parametrize("hz", [150, 440, 1200])
def test_the_fundamental_of_a_harmonic_tone_is_found_within_a_semitone(hz):
    assert meters.fundamental(harmonic(hz)) == pytest.approx(np.log2(hz), abs=1 / 12)


@pytest.mark.parametrize("rate_hz", [1.5, 4.0])
def test_onsets_and_period_of_clicks_are_those_of_their_rate(rate_hz):
    assert meters.onsets(clicks(rate_hz)) == pytest.approx(np.log2(rate_hz), abs=0.25)
    assert meters.period(clicks(rate_hz)) == pytest.approx(np.log2(rate_hz), abs=0.2)


def test_every_meter_of_pace_and_pitch_grows_with_what_it_measures():
    assert all(meter(clicks(6)) > meter(clicks(1.5)) for meter in meters.METERS["pace"])
    assert all(meter(harmonic(900)) > meter(harmonic(200)) for meter in meters.METERS["pitch"])


def test_the_best_meter_puts_its_own_originals_on_the_right_sides():
    low, high = [harmonic(hz) for hz in (150, 170, 190)], [harmonic(hz) for hz in (400, 450, 500)]
    meter, threshold, right = meters.best_meter(meters.METERS["pitch"], low, high)
    assert right == 1
    assert max(map(meter, low)) < threshold <= min(map(meter, high))


def test_an_unbroken_line_is_as_long_as_the_picture_and_a_mesh_is_short():
    line = np.zeros((128, 256), np.uint8)
    line[60] = 200
    mesh = np.zeros_like(line)
    for column in range(256):
        mesh[20 + 11 * (column // 5 % 7), column] = 200
    assert meters.ridge_seconds(line, 0.02) == pytest.approx(5.12)
    assert meters.ridge_seconds(mesh, 0.02) == pytest.approx(0.1, abs=0.02)
    assert meters.ridge_seconds(np.zeros_like(line), 0.02) == 0


def test_a_training_clip_is_recognised_although_it_was_moved_in_time():
    rng = np.random.default_rng(1)
    clips = rng.integers(0, 255, (3, 128, 256), np.uint8)
    grids = [meters.small(clip) for clip in clips]
    moved = meters.small(np.roll(clips[1], 40, axis=1))
    stranger = meters.small(rng.integers(0, 255, (128, 256), np.uint8))
    values = meters.nearest_likeness([moved, stranger], grids)
    assert values[0] == pytest.approx(1, abs=1e-4)
    assert values[1] < 0.3
