"""The chooser finds the picture in which made-up classes differ."""

import json

import numpy as np
import pytest
import soundfile

from benchmarks.bioacoustics.choosing import CASES, chosen
from bioacoustics.__main__ import main
from bioacoustics.classifiers.front_end import front_end
from bioacoustics.pictures.choice import Candidate, candidates, probe
from dataset_builder.intake.entries import Entry

RATE = 16_000
WINDOWS = (("fine", 64.0), ("blurred", 16.0))


def recordings(folder, make, count=12, seed=0):
    """Entries of two classes, each clip its own recording; ``make(rng, class)`` gives a second of sound."""
    rng = np.random.default_rng(seed)
    entries = []
    for label in (0, 1):
        for number in range(count):
            path = folder / f"{label}-{number}.wav"
            soundfile.write(path, make(rng, label), RATE, subtype="FLOAT")
            entries.append(Entry(path.stem, str(path), ("x",), f"class{label}", recording=path.stem))
    return entries


def high_pitches(rng, label):
    """Classes 120 Hz apart near 7 kHz, which mel bands melt and linear bands part."""
    t = np.arange(RATE) / RATE
    return 0.1 * np.sin(2 * np.pi * (6900 + 120 * label + rng.uniform(-20, 20)) * t) + 0.01 * rng.standard_normal(RATE)


@pytest.mark.parametrize("kind", CASES)
def test_the_planted_winner_is_chosen(kind):
    table = chosen(kind, seed=7)
    assert table[0]["picture"] == CASES[kind][1]
    assert table[0]["map"] > table[-1]["map"] + 0.05


def test_of_pictures_with_one_figure_the_surer_is_first(tmp_path):
    entries = recordings(tmp_path, high_pitches)
    fine, blurred = (Candidate(name, front_end("linear", RATE, 24, window, 16.0)) for name, window in WINDOWS)
    first, second = probe(entries, [blurred, fine], seconds=1.0, folds=4)
    assert first["map"] == second["map"] == 1
    assert first["log_probability"] > second["log_probability"]


def test_classes_that_nothing_tells_apart_leave_every_picture_as_good(tmp_path):
    entries = recordings(tmp_path, lambda rng, label: 0.1 * rng.standard_normal(RATE))
    table = probe(entries, candidates(("mel", "linear"), ((32.0, 16.0),), RATE, 24), seconds=1.0, folds=4)
    assert all(row["as good"] for row in table)


def test_the_command_writes_what_it_found(tmp_path, capsys):
    for label in ("a", "b"):
        (tmp_path / "set" / label).mkdir(parents=True)
        for number in range(4):
            audio = high_pitches(np.random.default_rng(number), label == "b")
            soundfile.write(tmp_path / "set" / label / f"{number}.wav", audio, RATE)
    command = ["choose", str(tmp_path / "set"), "--rate", str(RATE), "--bands", "16", "--seconds", "1", "--folds", "2"]
    assert main([*command, "--scales", "mel,pcen", "--windows", "32/16", "--out", str(tmp_path / "c.json")]) == 0
    assert len(json.loads((tmp_path / "c.json").read_text())) == 2
    assert "as good" in capsys.readouterr().out
    assert main([*command, "--windows", "16/32"]) == 2
    assert main([*command, "--scales", "bark"]) == 2
