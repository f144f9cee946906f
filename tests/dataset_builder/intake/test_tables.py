"""Tables are read strictly: what is damaged is named with its line, what is unusual but sound is kept."""

import pytest

from dataset_builder.intake.tables import read_table
from spectrogram.problems import Problem


@pytest.fixture
def table(tmp_path):
    def write(data: bytes):
        path = tmp_path / "t.csv"
        path.write_bytes(data)
        return path

    return write


def rows(path):
    return [row for _, row in read_table(path, ("file_name", "caption"))]


@pytest.mark.parametrize("data", [b"\xef\xbb\xbffile_name,caption\na.wav,hi\n", b"file_name,caption\r\na.wav,hi\r\n"])
def test_a_byte_order_mark_and_windows_line_ends_are_fine(table, data):
    assert rows(table(data)) == [{"file_name": "a.wav", "caption": "hi"}]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"file_name,caption\na.wav,one,two\n", "line 2 has 3 fields"),
        (b"file_name,caption\na.wav\n", "line 2 has 1 fields"),
        (b'file_name,caption\na.wav,ok\nb.wav,"open\nc.wav,lost\n', "line 3 cannot be read"),
        (b"file_name,caption\na.wav,a\0b\n", "line 2 holds a NUL byte"),
        (b"file_name,caption\na.wav,caf\xe9\n", "line 2 column 10 is not UTF-8 (byte 0xe9)"),
        (b"name,words\na.wav,hi\n", "expected at least file_name, caption"),
        (b"", "the file is empty"),
    ],
)
def test_a_damaged_table_is_refused_with_its_line(table, data, message):
    with pytest.raises(Problem) as caught:
        rows(table(data))
    assert message in str(caught.value)
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    "text", ["it’s 🎧", "שלום", "None", "NA", "null", "1e5", "a" * 5000, "two\u2028lines", 'say "hi"']
)
def test_every_caption_comes_back_as_it_was_written(table, text):
    quoted = text.replace('"', '""')
    assert rows(table(f'file_name,caption\na.wav,"{quoted}"\n'.encode()))[0]["caption"] == text


def test_line_numbers_count_lines_inside_quoted_texts(table):
    path = table(b'file_name,caption\na.wav,"two\nlines"\nb.wav,x\n')
    assert [line for line, _ in read_table(path)] == [2, 4]
