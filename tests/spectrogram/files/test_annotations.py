"""Annotation files of four programs, in and out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectrogram.files.annotations import (
    FORMATS,
    Annotation,
    AnnotationProblem,
    annotation_file_of,
    read_annotations,
    write_annotations,
)

EVENTS = [
    Annotation(0.5, 1.25, "Black Phoebe", 2000.0, 6500.0, 0.91),
    Annotation(3.0, 6.0, "wind, strong", None, None, None),
]


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_written_is_read_again(tmp_path, kind):
    read = read_annotations(write_annotations(tmp_path / "x", EVENTS, kind, 10.0))
    assert [(one.onset_s, one.offset_s, one.label) for one in read] == [
        (0.5, 1.25, "Black Phoebe"),
        (3, 6, "wind, strong"),
    ]
    if kind != "birdnet":
        assert (read[0].low_hz, read[0].high_hz) == (2000, 6500)
    if kind != "audacity":
        assert read[0].confidence == pytest.approx(0.91)


@given(
    st.lists(
        st.builds(
            lambda a, d, label, low, width: Annotation(a, a + d, label, low, low + width),
            st.floats(0, 1e5),
            st.floats(0, 1e3),
            st.text(st.characters(blacklist_categories=("Cs", "Cc", "Z")), min_size=1, max_size=20),
            st.floats(1, 2e4),
            st.floats(0, 2e4),
        ),
        max_size=5,
    ),
    st.sampled_from(["raven", "audacity", "jams"]),
)
def test_any_annotation_survives_the_way_out_and_in(tmp_path_factory, events, kind):
    path = tmp_path_factory.mktemp("a") / "x"
    read = read_annotations(write_annotations(path, events, kind), kind)
    assert sorted(one.label for one in read) == sorted(one.label for one in events)
    assert sorted(one.onset_s for one in read) == pytest.approx(sorted(one.onset_s for one in events), abs=1e-6)


def test_a_raven_selection_shown_in_two_views_is_one(tmp_path):
    header = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tSpecies\n"
    rows = "1\tWaveform 1\t1\t0.5\t1.5\t\t\trobin\n1\tSpectrogram 1\t1\t0.5\t1.5\t1000\t4000\trobin\n"
    (tmp_path / "x.txt").write_text(header + rows)
    assert read_annotations(tmp_path / "x.txt") == [Annotation(0.5, 1.5, "robin", 1000, 4000)]


def test_a_raven_label_that_begins_with_a_quote_stays_whole(tmp_path):
    header = "Selection\tBegin Time (s)\tEnd Time (s)\tAnnotation\n"
    (tmp_path / "x.txt").write_text(header + '1\t0.5\t1.5\t"chip" call\n2\t2\t3\tsay "hi"\n')
    assert [one.label for one in read_annotations(tmp_path / "x.txt")] == ['"chip" call', 'say "hi"']


def test_birdnet_analyzer_rows_are_read_with_their_common_name(tmp_path):
    (tmp_path / "x.csv").write_text(
        "Start (s),End (s),Scientific name,Common name,Confidence,File\n"
        "3.0,6.0,Sayornis nigricans,Black Phoebe,0.8,a.wav\n"
    )
    assert read_annotations(tmp_path / "x.csv") == [Annotation(3, 6, "Black Phoebe", confidence=0.8)]


def test_backgrounds_of_a_scaper_document_are_no_events(tmp_path):
    value = {"label": "rain", "role": "background"}
    data = [
        {"time": 0, "duration": 9, "value": value},
        {"time": 1, "duration": 2, "value": {"label": "tui", "role": "foreground"}},
    ]
    (tmp_path / "x.jams").write_text(json.dumps({"annotations": [{"namespace": "scaper", "data": data}]}))
    assert read_annotations(tmp_path / "x.jams") == [Annotation(1, 3, "tui")]


@pytest.mark.parametrize("text", ["0,5\t1,5\towl\n\\\t1000,5\t2000\n", "0.5\t1.5\towl\n\\\t1000.5\t2000\n"])
def test_decimal_commas_of_other_languages_are_read(tmp_path, text):
    (tmp_path / "x.txt").write_text(text)
    assert read_annotations(tmp_path / "x.txt") == [Annotation(0.5, 1.5, "owl", 1000.5, 2000.0)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "{",
        "{}",
        "Begin Time (s)\tEnd Time (s)\nx\t1\n",
        "Start (s),End (s)\n5,1\n",
        "1\t2\ta\n3\n",
        "[]",
        '{"annotations": 3}',
    ],
)
def test_what_is_no_annotation_file_is_refused_with_its_name(tmp_path, text):
    (tmp_path / "odd.txt").write_text(text)
    with pytest.raises(AnnotationProblem, match=r"odd\.txt"):
        read_annotations(tmp_path / "odd.txt")


def test_the_annotation_file_of_a_recording_has_its_stem(tmp_path):
    (tmp_path / "a.wav").touch()
    (tmp_path / "a.Table.1.selections.txt").touch()
    assert annotation_file_of(tmp_path / "a.wav").name == "a.Table.1.selections.txt"
    assert annotation_file_of(tmp_path / "b.wav") is None


def test_a_second_annotators_labels_are_named_and_our_measured_ones_are_not(tmp_path, caplog):
    row = {"time": 0, "duration": 1, "value": "wren", "confidence": 1}
    sets = [
        {
            "namespace": "segment_open",
            "data": [row | {"value": who}],
            "annotation_metadata": {"annotator": {"name": who}},
        }
        for who in ("ann", "bob")
    ]
    (tmp_path / "a.jams").write_text(json.dumps({"annotations": sets}), encoding="utf-8")
    with caplog.at_level("WARNING"):
        assert [one.label for one in read_annotations(tmp_path / "a.jams")] == ["ann"]
    assert "of 2 sets of annotations the first is read, not those of: bob" in caplog.text
    caplog.clear()
    measured = Annotation(1, 2, "wren", 100, 900, measured_s=(1.1, 1.9))
    write_annotations(tmp_path / "b.jams", [measured], "jams", 3)
    with caplog.at_level("WARNING"):
        assert len(read_annotations(tmp_path / "b.jams")) == 1
    assert caplog.text == ""
