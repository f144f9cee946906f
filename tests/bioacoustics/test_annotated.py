"""Classifiers of annotated recordings, and networks that begin from other networks."""

import json

import numpy as np
import pytest
import soundfile
import torch

from bioacoustics.__main__ import main
from bioacoustics.classifiers.annotated import annotated_clips, labels_of_windows
from bioacoustics.classifiers.clips import Clips, ClipsProblem
from bioacoustics.classifiers.front_end import front_end
from bioacoustics.classifiers.model_files import load_classifier
from bioacoustics.classifiers.network import NETWORKS
from bioacoustics.classifiers.trainer import TrainingSettings, begin_from, fit
from spectrogram.files.annotations import Annotation, write_annotations
from spectrogram.problems import UsageProblem

RATE = 16_000
FRONT = front_end("mel", RATE, 32, 40.0, 20.0)


def recording(folder, name, events, seconds=6.0, seed=0):
    """Faint noise in which each event is a tone at its label's pitch, with a Raven table."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE)) / RATE
    audio = 0.003 * rng.standard_normal(len(t))
    for onset, offset, label in events:
        hz = {"low": 500, "high": 4000}[label]
        audio += 0.2 * np.sin(2 * np.pi * hz * t) * ((t >= onset) & (t < offset))
    soundfile.write(folder / f"{name}.wav", audio, RATE)
    write_annotations(folder / f"{name}.selections.txt", [Annotation(*one) for one in events], "raven", seconds)


@pytest.fixture
def folder(tmp_path):
    for number in range(6):
        events = [(0.5 + 0.1 * number, 1.5 + 0.1 * number, "low"), (3.0, 4.5, "high")]
        recording(tmp_path, f"r{number}", events, seed=number)
    return tmp_path


def test_windows_have_the_labels_that_sound_in_them(folder):
    clips = annotated_clips(folder, FRONT, 0.64)
    assert clips.classes == ("high", "low")
    assert clips.multi_label
    assert len(set(clips.recordings)) == 6
    own = clips.at(np.flatnonzero(clips.recordings == "r0"))
    middles = (np.arange(len(own)) + 1) * 0.32
    np.testing.assert_array_equal(own.targets[(middles > 3.3) & (middles < 4.2)], [[1, 0]] * 3)
    assert not own.targets[(middles > 2) & (middles < 2.6)].any()
    bands = own.stored[own.targets[:, 0] == 1].mean(axis=(0, 1)), own.stored[own.targets[:, 1] == 1].mean(axis=(0, 1))
    assert bands[0].argmax() > bands[1].argmax()


@pytest.mark.parametrize(
    ("onset", "offset", "windows"),
    [(0.0, 0.1, [0]), (0.95, 1.05, [1]), (0.9, 1.6, [1, 2]), (5.0, 6.0, [])],
)
def test_an_event_is_in_windows_that_hold_half_of_it_or_are_filled_by_it(onset, offset, windows):
    targets = labels_of_windows(4, 1.0, [Annotation(onset, offset, "x")], ("x",))
    assert set(windows) <= set(np.flatnonzero(targets[:, 0]))
    assert all(abs(n * 0.5 + 0.5 - (onset + offset) / 2) < 1 for n in np.flatnonzero(targets[:, 0]))


def test_recordings_without_annotations_are_refused(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(RATE), RATE)
    with pytest.raises(ClipsProblem, match="has annotations"):
        annotated_clips(tmp_path, FRONT, 1.0)


def test_annotated_recordings_teach_a_detector(folder, tmp_path, capsys):
    command = ["learn", "classifier", str(folder), "--annotated", "--seconds", "0.64", "--hz", str(RATE)]
    assert main([*command, "--steps", "40", "--batch", "16", "--out", str(tmp_path / "model")]) == 0
    recording(tmp_path, "new", [(1.0, 2.0, "high"), (3.5, 4.5, "low")], seed=9)
    found = ["detect", str(tmp_path / "new.wav"), "--model", str(tmp_path / "model"), "--truth", "--tune", str(folder)]
    assert main([*found, "--out", str(tmp_path / "found")]) == 0
    assert json.loads((tmp_path / "found" / "figures.json").read_text())["event_f1"] == 1
    assert main([*command, "--network", "linear", "--out", str(tmp_path / "none")]) == 2


def test_a_network_begins_where_another_ended_but_for_its_classes():
    torch.manual_seed(0)
    other, own = NETWORKS["cnn"](7, 32, 0.0), NETWORKS["cnn"](2, 32, 0.0)
    last = own.classes.weight.clone()
    begin_from(own, other.state_dict())
    assert torch.equal(own.trunk.first[0].weight, other.trunk.first[0].weight)
    assert torch.equal(own.classes.weight, last)
    recurrent = NETWORKS["crnn"](2, 32, 0.0)
    squeeze = recurrent.squeeze[0].weight.clone()
    begin_from(recurrent, other.state_dict())
    assert torch.equal(recurrent.trunk.first[0].weight, other.trunk.first[0].weight)
    assert torch.equal(recurrent.squeeze[0].weight, squeeze)
    with pytest.raises(UsageProblem, match="other layers"):
        begin_from(NETWORKS["linear"](2, 32, 0.0), other.state_dict())


def test_what_was_learned_before_is_not_learned_again():
    rng = np.random.default_rng(0)
    stored = rng.integers(0, 255, (8, 32, 32)).astype(np.uint8)
    clips = Clips(stored, np.eye(2, dtype=np.float32)[np.arange(8) % 2], ("a", "b"), np.arange(8), ("",) * 8)
    settings = TrainingSettings(steps=1, batch=8, rate=1e-9)
    first = fit(clips, FRONT, settings).network.state_dict()
    start = NETWORKS["cnn"](5, 32, 0.0).state_dict()
    begun = fit(clips, FRONT, settings, start=start).network.state_dict()
    assert torch.allclose(begun["across.0.weight"], start["across.0.weight"], atol=1e-6)
    assert not torch.allclose(first["across.0.weight"], start["across.0.weight"], atol=1e-3)


def test_begin_refuses_a_classifier_that_hears_otherwise(folder, tmp_path):
    command = ["learn", "classifier", str(folder), "--annotated", "--seconds", "0.64", "--steps", "2", "--batch", "4"]
    assert main([*command, "--hz", str(RATE), "--out", str(tmp_path / "a")]) == 0
    again = [*command, "--out", str(tmp_path / "b"), "--begin", str(tmp_path / "a")]
    assert main([*again, "--hz", "8000"]) == 2
    assert main([*again, "--hz", str(RATE)]) == 0
    assert load_classifier(tmp_path / "b").classes == ("high", "low")
