"""Annotations go through a build and out again with their times and frequencies, in every format."""

import json

import numpy as np
import pytest
import soundfile
from pyarrow import parquet

from dataset_builder.__main__ import main
from spectrogram.files.annotations import FORMATS, Annotation, read_annotations, write_annotations

RATE_HZ = 24_000
EVENTS = [Annotation(2.0, 3.5, "wren", 1500.0, 9000.0), Annotation(6.25, 8.5, "Eurasian robin", 2000.0, 7000.0)]


@pytest.fixture
def field(tmp_path):
    """A folder of one recording of ten seconds that Raven annotated."""
    folder = tmp_path / "sounds" / "day 1"
    folder.mkdir(parents=True)
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, 10 * RATE_HZ)
    soundfile.write(folder / "field.wav", noise, RATE_HZ)
    write_annotations(folder / "field.Table.1.selections.txt", EVENTS, "raven")
    return folder.parent


def boxes(path):
    return [(one.onset_s, one.offset_s, one.label, one.low_hz, one.high_hz) for one in read_annotations(path)]


WHOLE = [(one.onset_s, one.offset_s, one.label, one.low_hz, one.high_hz) for one in EVENTS]


@pytest.mark.parametrize("kind", FORMATS)
def test_one_programs_annotations_become_anothers(field, tmp_path, kind, capsys):
    words = ["annotations", str(field), "--formats", kind, "--out", str(tmp_path / "out"), "--json"]
    assert main(words) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["recordings"], facts["annotations"]) == (1, 2)
    (path,) = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert path.name == f"field{FORMATS[kind]}"
    known = [(*row[:3], None, None) for row in WHOLE] if kind == "birdnet" else WHOLE
    assert boxes(path) == known


@pytest.mark.parametrize("slower", [1, 4])
def test_annotations_of_a_dataset_are_those_that_it_was_cut_by(field, tmp_path, slower):
    build = [str(field), "--out", str(tmp_path / "ds"), "--workers", "1", "--time-expansion", str(slower)]
    assert main(build) == 0
    rows = [row for file in (tmp_path / "ds").rglob("*.parquet") for row in parquet.read_table(file).to_pylist()]
    first = next(row for row in rows if row["label"] == "wren")
    seconds = min(1.5 * slower, 5.12)
    assert first["events"] == [
        {
            "label": "wren",
            "onset_s": 0,
            "offset_s": pytest.approx(seconds, abs=2e-3),
            "low_hz": 1500 / slower,
            "high_hz": 9000 / slower,
        }
    ]
    assert main(["annotations", str(tmp_path / "ds"), "--formats", "jams,raven", "--out", str(tmp_path / "out")]) == 0
    for suffix in (".jams", ".selections.txt"):
        found = boxes(next((tmp_path / "out").rglob(f"*{suffix}")))
        assert [row[2:] for row in found] == [row[2:] for row in WHOLE]
        for (onset_s, offset_s, *_), (begin_s, end_s, *_) in zip(found, WHOLE, strict=True):
            assert onset_s == pytest.approx(begin_s, abs=1e-3)
            assert offset_s == pytest.approx(min(end_s, begin_s + 5.12 / slower), abs=3e-3)


def test_a_table_with_frequencies_keeps_them_and_bad_ones_are_refused(field, tmp_path, capsys):
    text = "audio_file;start_time;end_time;low_f;high_f;annotation\nday 1/field.wav;2,0;3,5;1500;9000,5;wren\n"
    (field / "all.csv").write_text(text)
    assert main(["annotations", str(field / "all.csv"), "--out", str(tmp_path / "out")]) == 0
    assert boxes(next((tmp_path / "out").rglob("*.txt"))) == [(2.0, 3.5, "wren", 1500.0, 9000.5)]
    (field / "all.csv").write_text(text.replace("1500", "loud"))
    assert main(["annotations", str(field / "all.csv"), "--out", str(tmp_path / "out")]) == 4
    assert "all.csv line 2: 'loud' is no frequency" in capsys.readouterr().err


def test_sounds_without_times_are_annotated_whole(tmp_path):
    (tmp_path / "set" / "rain").mkdir(parents=True)
    soundfile.write(tmp_path / "set" / "rain" / "0.wav", np.full(RATE_HZ * 3, 0.1), RATE_HZ)
    assert main(["annotations", str(tmp_path / "set"), "--formats", "audacity", "--out", str(tmp_path / "out")]) == 0
    assert boxes(tmp_path / "out" / "rain" / "0.labels.txt") == [(0, 3, "rain", None, None)]


def test_an_unknown_format_is_refused(tmp_path, capsys):
    assert main(["annotations", str(tmp_path), "--formats", "raven,praat", "--out", str(tmp_path / "x")]) == 2
    assert "--formats names praat" in capsys.readouterr().err


def test_parts_that_were_cut_out_hold_no_more_clips(field, tmp_path, capsys):
    assert main([str(field), "--out", str(tmp_path / "ds"), "--workers", "1"]) == 0
    assert "--windows" not in capsys.readouterr().out
    (field / "day 1" / "field.Table.1.selections.txt").unlink()
    assert main([str(field), "--out", str(tmp_path / "whole"), "--workers", "1"]) == 0
    assert "1 recordings are longer than a clip: --windows makes about 1 more clips" in capsys.readouterr().out
