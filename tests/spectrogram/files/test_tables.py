"""Tables come back as they were written, in any usual dialect; what is damaged is named with line and column."""

import json
import logging
import os

import pandas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spectrogram.files import tables
from spectrogram.files.texts.encodings import stated
from spectrogram.problems import Problem


@pytest.fixture
def table(tmp_path):
    def write(data, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write


def rows(path, **options):
    return [row for _, row in tables.read(path, **options)]


# What a caption may hold; csv has no NUL, a lone surrogate is no text, and Python 3.11 writes a lone \r without quotes.
LETTERS = st.characters(codec="utf-8", exclude_characters="\0\r")
WESTERN = st.sampled_from("abc xyz,;|\t\"'\\/éüñß’“”–€\n")
NAMES = st.sampled_from(["file_name", "Caption", "label", "a note", "Länge", "start time", "x1", "URL", "tag"])


@st.composite
def frames(draw, letters):
    columns = draw(st.lists(NAMES, min_size=2, max_size=5, unique=True))
    # A first cell that is never blank: rows that hold nothing are a spreadsheet's, and are left out.
    first = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=9)
    row = st.tuples(first, *(st.text(letters, max_size=30) for _ in columns[1:]))
    return pandas.DataFrame(draw(st.lists(row, min_size=1, max_size=6)), columns=columns, dtype=str)


# The line ends of old Macs with cells that hold a newline are not told apart unless all cells are quoted (csv in
# Python 3.11 leaves such a cell bare).
LINE_ENDS = st.sampled_from([("\n", 0), ("\n", 1), ("\n", 2), ("\r\n", 0), ("\r\n", 1), ("\r", 1)])


@st.composite
def dialects(draw):
    lineterminator, quoting = draw(LINE_ENDS)
    comma = draw(st.sampled_from([",", ";", "\t", "|"]))
    return {"sep": comma, "lineterminator": lineterminator, "quoting": quoting, "index": draw(st.booleans())}


DIALECTS = dialects()
WITHOUT_DEADLINE = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@WITHOUT_DEADLINE
@given(frames(LETTERS), DIALECTS, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
def test_every_csv_that_pandas_writes_comes_back_equal(tmp_path, frame, dialect, encoding):
    frame.to_csv(tmp_path / "t.csv", encoding=encoding, **dialect)
    read = tables.read(tmp_path / "t.csv")
    assert list(read.columns) == list(frame.columns)
    assert rows(tmp_path / "t.csv") == frame.to_dict("records")


@WITHOUT_DEADLINE
@given(frames(WESTERN), DIALECTS)
def test_every_csv_in_windows_letters_comes_back_equal(tmp_path, frame, dialect):
    frame.to_csv(tmp_path / "t.csv", encoding="cp1252", **dialect)
    assert rows(tmp_path / "t.csv", encoding="cp1252") == frame.to_dict("records")


OTHERS = {"cp1251": "абвгд ежз,;|\t\"'ё\n", "shift_jis": "雨風鳥音 ,;|\t\"'犬\n", "cp1250": "ąćęłńóśźż ,;|\t\"'ő\n"}


@pytest.mark.parametrize("encoding", OTHERS)
@WITHOUT_DEADLINE
@given(data=st.data(), dialect=DIALECTS)
def test_every_csv_in_a_stated_code_page_comes_back_equal(tmp_path, data, dialect, encoding):
    frame = data.draw(frames(st.sampled_from(OTHERS[encoding])))
    frame.columns = ["file_name", *(f"x{place}" for place in range(1, len(frame.columns)))]
    frame.to_csv(tmp_path / "t.csv", encoding=encoding, **dialect)
    with stated(encoding):
        assert rows(tmp_path / "t.csv") == frame.to_dict("records")


@WITHOUT_DEADLINE
@given(frames(LETTERS), st.booleans())
def test_every_jsonl_and_parquet_that_pandas_writes_comes_back_equal(tmp_path, frame, ascii_only):
    frame.to_json(tmp_path / "t.jsonl", orient="records", lines=True, force_ascii=ascii_only)
    frame.to_json(tmp_path / "t.json", orient="records", force_ascii=ascii_only)
    frame.to_parquet(tmp_path / "t.parquet")
    for name in ("t.jsonl", "t.json", "t.parquet"):
        assert rows(tmp_path / name) == frame.to_dict("records")


@pytest.mark.parametrize(
    ("text", "encoding", "assumed"),
    [
        ("audio/0.wav,the bird’s song – a “tone”", "cp1252", "windows-1252"),
        ("a.wav,café", "latin-1", "windows-1252"),
        ("a.wav,“rain”", "cp1252", "windows-1252"),
        ("a.wav,ein schöner Ton für Käse", "cp1252", "windows-1252"),
        ("a.wav,сова кричит в тёмном лесу ночью и дождь стучит по крыше старого дома", "cp1251", "cp1251"),
    ],
)
def test_letters_of_old_windows_are_read_and_the_assumption_is_said(table, caplog, text, encoding, assumed):
    path = table(f"file_name,caption\r\n{text}\r\n".encode(encoding))
    with caplog.at_level(logging.WARNING):
        ((_, row),) = tables.read(path)
    assert ",".join(row.values()) == text
    assert f"read as {assumed}: line 2: " in caplog.text


def test_utf_16_without_a_mark_is_read(table):
    assert rows(table("file_name,caption\na.wav,Käuzchen\n".encode("utf-16-le"))) == [
        {"file_name": "a.wav", "caption": "Käuzchen"}
    ]


def test_a_spreadsheets_empty_rows_and_columns_and_its_hint_are_no_data(table):
    path = table("sep=;\r\nfile_name;caption;;\r\na.wav;a tone, low;;\r\n;;;\r\n\r\n  ; ;;\r\n")
    assert list(tables.read(path)) == [(3, {"file_name": "a.wav", "caption": "a tone, low"})]


def test_comments_before_the_header_are_no_data(table):
    path = table("# made by hand, on a Monday\n# second line\nfile_name,caption\na.wav,low\n")
    assert list(tables.read(path)) == [(4, {"file_name": "a.wav", "caption": "low"})]
    assert tables.read(table("#,file_name,caption\n1,a.wav,low\n")).columns == ("#", "file_name", "caption")


def test_a_comma_in_every_caption_does_not_hide_the_semicolons(table):
    path = table("file_name;caption\na.wav;low, dark\nb.wav;high, bright\n")
    assert [row["caption"] for row in rows(path)] == ["low, dark", "high, bright"]


def test_blanks_behind_commas_belong_to_the_commas(table):
    assert rows(table('file_name, caption\na.wav, "rain, soft"\n')) == [{"file_name": "a.wav", "caption": "rain, soft"}]


def test_lists_stay_lists_and_missing_values_are_empty(table):
    path = table('{"file_name": "a.wav", "text": ["rain", "soft rain"]}\n\n{"file_name": "b.wav", "text": null}\n', "m")
    assert list(tables.read(path)) == [
        (1, {"file_name": "a.wav", "text": ("rain", "soft rain")}),
        (3, {"file_name": "b.wav", "text": ""}),
    ]


@pytest.mark.parametrize("name", ["data", "recordings"])
def test_rows_inside_a_json_object_are_found(table, name):
    assert rows(table(json.dumps({"count": 1, name: [{"id": 7, "en": "Wren"}]}))) == [{"id": "7", "en": "Wren"}]


@pytest.mark.parametrize("name", ["Filename", "FILE_NAME", "file-name", " path ", "Begin File", "audio"])
def test_a_column_is_known_by_its_usual_names_in_any_case(table, name):
    assert tables.read(table(f"{name},Caption\na.wav,x\n")).column("file_name") == name.strip()


@pytest.mark.parametrize("name", ["caption", "Text", "description", "prompt"])
def test_the_caption_is_known_by_its_usual_names(table, name):
    assert tables.read(table(f"file_name,{name}\na.wav,x\n")).column("caption") == name


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"file_name,caption\na.wav,a tone, loud\n", "t.csv line 2 column 14 has 3 fields; 'loud' has no column"),
        (b"file_name,caption\nx.wav,y\na.wav\n", "t.csv line 3 column 6 has 1 fields"),
        (b'file_name,caption\na.wav,ok\nb.wav,"open\nc.wav,lost\n', "line 3 cannot be read"),
        (b"file_name,caption\na.wav,a\0b\n", "line 2 holds a NUL byte"),
        (b"file_name,caption,\na.wav,hi,there\n", "line 2: column 3 has no name but holds 'there'"),
        (b"caption,caption\na,b\n", "two columns 'caption'"),
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf\r\n\r\n", "the file is empty"),
        (b'{"file_name": "a.wav"}\n{"file_name": \n', "line 2 column 15 is no JSON"),
        (b'{"file_name": "a.wav"}\n[1]\n', "line 2 is no object"),
        (b"[" * 100_000, "is no JSON"),
        (b"PAR1 and no more", "no whole Parquet file"),
        (b"PK\x03\x04zip", "is a spreadsheet"),
        (b"file_name,caption\na.wav," + b"x" * (2 << 20) + b"\n", "line 2 cannot be read"),
    ],
)
def test_a_damaged_table_is_refused_with_its_place(table, data, message):
    with pytest.raises(Problem) as caught:
        rows(table(data))
    assert message in str(caught.value)
    assert caught.value.exit_code == 4
    assert len(str(caught.value)) < 600


def test_missing_columns_are_named_with_what_is_there(table):
    with pytest.raises(Problem, match=r"has the columns name, words \(expected a column file_name"):
        tables.read(table("name,words\na.wav,hi\n")).require("file_name")


@pytest.mark.parametrize(
    "text", ["it’s 🎧", "שלום", "None", "NA", "null", "1e5", "a" * 5000, "two\u2028lines", 'say "hi"', "a\\nb"]
)
def test_every_caption_comes_back_as_it_was_written(table, text):
    quoted = text.replace('"', '""')
    assert rows(table(f'file_name,caption\na.wav,"{quoted}"\n'))[0]["caption"] == text


def test_line_numbers_count_lines_inside_quoted_texts(table):
    path = table('file_name,caption\na.wav,"two\nlines"\nb.wav,x\n')
    assert [line for line, _ in tables.read(path)] == [2, 4]


def test_a_pipe_is_no_table_and_nothing_waits_for_it(tmp_path):
    os.mkfifo(tmp_path / "t.csv")
    with pytest.raises(Problem, match="is no table"):
        tables.read(tmp_path / "t.csv")
