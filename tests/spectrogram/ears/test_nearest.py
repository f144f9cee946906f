"""The memorisation check on sounds whose likeness is known by construction."""

import json

import numpy as np
import pytest
import soundfile

from spectrogram.__main__ import main
from spectrogram.ears.nearest import find_nearest, fingerprint, likeness
from spectrogram.problems import Problem

RATE_HZ = 16000


def phrase(seed: int, seconds: float = 3.0) -> np.ndarray:
    """Tone pips at random times and pitches in quiet noise (1, samples)."""
    random = np.random.default_rng(seed)
    audio = random.normal(0, 0.003, round(seconds * RATE_HZ))
    for _ in range(8):
        start, length = int(random.integers(0, len(audio) - 4000)), 3200
        time_s = np.arange(length) / RATE_HZ
        audio[start : start + length] += (
            0.2 * np.hanning(length) * np.sin(2 * np.pi * random.uniform(300, 6000) * time_s)
        )
    return audio[None].astype(np.float32)


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    for seed in range(6):
        soundfile.write(folder / f"{seed}.flac", phrase(seed)[0], RATE_HZ)
    return folder


def test_a_copy_is_found_at_another_loudness_rate_and_beginning(collection):
    part = 0.3 * phrase(4)[:, RATE_HZ // 2 : 5 * RATE_HZ // 2] + np.random.default_rng(9).normal(0, 0.002, 2 * RATE_HZ)
    found = find_nearest(part.astype(np.float32), collection, rate_hz=RATE_HZ)
    nearest = found.neighbours[0]
    assert nearest.path.name == "4.flac"
    assert nearest.likeness > 0.75
    assert nearest.offset_s == pytest.approx(0.5, abs=0.05)
    assert found.suspicious


def test_a_new_sound_is_not_suspicious(collection):
    found = find_nearest(phrase(77), collection, rate_hz=RATE_HZ)
    assert not found.suspicious
    assert len(found.neighbours) == 3
    assert found.neighbours[0].likeness < 0.6


def test_likeness_is_one_for_itself_and_symmetric_and_low_for_noise():
    one, other = fingerprint(phrase(1), RATE_HZ), fingerprint(phrase(2), RATE_HZ)
    assert likeness(one, one) == (pytest.approx(1.0, abs=1e-3), 0.0)
    assert likeness(one, other)[0] == pytest.approx(likeness(other, one)[0], abs=1e-5)
    noises = [np.random.default_rng(seed).normal(0, 0.1, (1, 3 * RATE_HZ)).astype(np.float32) for seed in (1, 2)]
    assert likeness(*(fingerprint(noise, RATE_HZ) for noise in noises))[0] < 0.2


def test_steady_sounds_that_never_move_are_no_copies_of_each_other():
    hums = [0.1 * np.sin(2 * np.pi * hertz * np.arange(2 * RATE_HZ) / RATE_HZ)[None] for hertz in (200, 205)]
    assert likeness(*(fingerprint(hum.astype(np.float32), RATE_HZ) for hum in hums))[0] < 0.5


def test_the_sounds_own_file_is_left_out_and_an_empty_folder_refused(collection, tmp_path):
    found = find_nearest(collection / "0.flac", collection)
    assert "0.flac" not in [neighbour.path.name for neighbour in found.neighbours]
    with pytest.raises(Problem, match="nothing to compare"):
        find_nearest(collection / "0.flac", tmp_path)


def test_the_command_names_the_neighbours(collection, tmp_path, capsys):
    soundfile.write(tmp_path / "copy.wav", phrase(2)[0], RATE_HZ)
    assert main(["nearest", str(tmp_path / "copy.wav"), "--among", str(collection), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["suspicious"]
    assert told["nearest"][0]["path"].endswith("2.flac")
    assert main(["nearest", str(tmp_path / "copy.wav"), "--among", str(collection)]) == 0
    assert "it may be a copy" in capsys.readouterr().out
