"""Detection: windows of a stream, thresholds, events, their matching, and the command on a folder."""

import json
import shutil

import numpy as np
import pytest
import soundfile
import torch

from bioacoustics.__main__ import main
from bioacoustics.classifiers.front_end import front_end
from bioacoustics.classifiers.model_files import Classifier, save_classifier
from bioacoustics.classifiers.network import NETWORKS
from bioacoustics.detection.events import event_figures, events_of, matches, moment_scores
from bioacoustics.detection.thresholds import thresholds_for_f1, thresholds_for_precision
from bioacoustics.detection.windows import WindowScores, score_recording
from spectrogram.files.annotations import Annotation, read_annotations, write_annotations

RATE = 16_000
FRONT = front_end(rate_hz=RATE, bands=32, window_ms=32, step_ms=16)


@pytest.fixture(scope="module")
def classifier():
    torch.manual_seed(0)
    return Classifier(NETWORKS["cnn"](2, 32, 0.0).eval(), "cnn", ("a", "b"), 1.6, True, FRONT)


def scores_at(spans, count=40, hop=0.5, window=2.0):
    """Windows that are sure of class 0 where they overlap a span by half."""
    rows = np.zeros((count, 1))
    for n in range(count):
        start = n * hop
        for onset, offset in spans:
            if min(start + window, offset) - max(start, onset) >= window / 2:
                rows[n] = 0.9
    return WindowScores(rows, hop, window, (count - 1) * hop + window)


@pytest.mark.parametrize("seconds", [0.5, 1.6, 1.7, 5.0, 61.3])
def test_windows_of_blocks_are_the_windows_of_the_whole(tmp_path, classifier, seconds):
    audio = 0.1 * np.random.default_rng(0).standard_normal(round(seconds * RATE)).astype(np.float32)
    soundfile.write(tmp_path / "x.wav", audio, RATE, subtype="FLOAT")
    windows = score_recording(tmp_path / "x.wav", classifier, hop_s=0.8)
    hop, size = round(0.8 * RATE), round(1.6 * RATE)
    expected = max(1, int(np.ceil((len(audio) - size) / hop)) + 1)
    assert windows.seconds == pytest.approx(seconds)
    assert len(windows.scores) == expected
    for n in (0, expected // 2, expected - 1):
        alone = np.pad(audio[n * hop : n * hop + size], (0, max(0, n * hop + size - len(audio))))
        # The first and last frame of a window look beyond it in the stream.
        np.testing.assert_allclose(windows.scores[n], classifier.scores([alone])[0], atol=0.05)


def test_events_lie_where_the_windows_are_sure():
    events = events_of(scores_at([(4.0, 8.0), (12.0, 14.0)]), ("x",), {"x": 0.5})
    assert len(events) == 2
    assert events[0].onset_s == pytest.approx(4.0, abs=1.0)
    assert events[0].offset_s == pytest.approx(8.0, abs=1.0)


def test_a_moment_has_the_mean_of_its_windows():
    windows = WindowScores(np.array([[0.0], [1.0], [0.0]]), 1.0, 2.0, 4.0)
    np.testing.assert_allclose(moment_scores(windows)[:, 0], [0, 0.5, 0.5, 0])


def test_matching_makes_as_many_pairs_as_there_can_be():
    truth = [Annotation(0, 10, "x"), Annotation(9, 20, "x")]
    found = [Annotation(0, 20, "x"), Annotation(0, 10, "x"), Annotation(0, 10, "y")]
    assert sorted(matches(found, truth, 0.3)) == [(0, 1), (1, 0)]


def test_event_f1_counts_twice_found_once():
    truth, found = [Annotation(0, 2, "x"), Annotation(5, 6, "x")], [Annotation(0, 1, "x"), Annotation(1, 2, "x")]
    facts = event_figures([(found, truth)], least_iou=0.5)
    assert facts["by_class"] == [{"class": "x", "n": 2, "found": 2, "precision": 0.5, "recall": 0.5, "f1": 0.5}]


def test_a_class_that_never_sounds_costs_the_macro_f1_nothing_but_is_listed():
    facts = event_figures([([Annotation(0, 1, "y"), Annotation(0, 1, "x")], [Annotation(0, 1, "x")])])
    assert facts["event_f1"] == 1
    assert [row["class"] for row in facts["by_class"]] == ["x", "y"]


def test_thresholds_reach_the_precision_that_was_asked_for():
    rng = np.random.default_rng(0)
    score = rng.uniform(size=(4000, 1))
    windows = WindowScores(score, 1.0, 1.0, 4000.0)
    events = [Annotation(n, n + 1, "x") for n in np.flatnonzero(rng.uniform(size=4000) < score[:, 0])]
    chosen = thresholds_for_precision([(windows, events)], ("x", "y"), 0.9)["x"]
    above = score[:, 0] >= chosen
    truth = np.isin(np.arange(4000), [one.onset_s for one in events])
    assert 0.9 <= truth[above].mean() < 0.93


def test_thresholds_for_f1_leave_false_alarms_out():
    windows = scores_at([(4.0, 8.0)])
    windows.scores[20:30] = 0.6
    assert thresholds_for_f1([(windows, [Annotation(4, 8, "x")])], ("x",))["x"] > 0.6


def test_detect_writes_the_same_bytes_in_shares_and_at_once_and_skips_what_is_done(tmp_path, classifier, capsys):
    save_classifier(tmp_path / "model", classifier, {})
    (tmp_path / "in" / "deep").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in ("a.wav", "b.flac", "deep/c.wav"):
        soundfile.write(tmp_path / "in" / name, 0.1 * rng.standard_normal(RATE * 4), RATE)
        write_annotations((tmp_path / "in" / name).with_suffix(".jams"), [Annotation(0, 4, "a")], "jams", 4)
    (tmp_path / "in" / "broken.wav").write_bytes(b"no")
    command = ["detect", str(tmp_path / "in"), "--model", str(tmp_path / "model"), "--threshold", "0.1"]
    command += ["--formats", "raven,audacity,birdnet,jams", "--out"]
    assert main([*command, str(tmp_path / "whole"), "--truth"]) == 3
    said = capsys.readouterr()
    assert "broken.wav cannot be read" in said.err
    assert "over 3 recordings" in said.out
    for rank in ("0", "1"):
        main([*command, str(tmp_path / "shares"), "--rank", rank, "--world", "2"])
    shutil.rmtree(tmp_path / "model" / "none", ignore_errors=True)
    tables = [
        path.relative_to(tmp_path / "whole")
        for path in (tmp_path / "whole").rglob("*")
        if path.suffix in (".txt", ".csv", ".jams")
    ]
    assert len(tables) == 12
    for table in tables:
        assert (tmp_path / "whole" / table).read_bytes() == (tmp_path / "shares" / table).read_bytes()
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "whole").rglob("*.csv")}
    main([*command, str(tmp_path / "whole")])
    assert stamps == {path: path.stat().st_mtime_ns for path in (tmp_path / "whole").rglob("*.csv")}
    figures = json.loads((tmp_path / "whole" / "figures.json").read_text())
    assert figures["recordings"] == 3
    assert read_annotations(tmp_path / "whole" / "a.labels.txt") is not None
