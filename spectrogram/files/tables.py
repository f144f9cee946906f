"""The one reader of tables: csv with any usual dialect and encoding, JSON lines, JSON and Parquet, told by content.

A cell is text, or a tuple of texts where JSON or Parquet hold a list; a missing value is "".  Nothing is guessed in
silence and no row is lost: what cannot be read is refused with its line and column, what was assumed is logged.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow
from pyarrow import parquet

from spectrogram import json_text
from spectrogram.files.texts.encodings import REMEDY, decoded, raw
from spectrogram.problems import Problem

log = logging.getLogger(__name__)

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
LONGEST_CELL = 1 << 20
DELIMITERS = (",", "\t", ";", "|")
# Where a JSON file keeps its rows when it is one object: WavCaps, xeno-canto's answers.
LISTS = ("data", "recordings", "rows", "annotations")

Cell = str | tuple[str, ...]
SPECIES = ("common_name", "english_name", "en", "vernacular_name", "species", "scientific_name")
ALIASES = {
    meaning: tuple(names.split())
    for meaning, names in {
        "file_name": "file_name file filename fname path filepath file_path audio audio_file audio_path audio_filename "
        "wav sound begin_file begin_path",
        "caption": "caption captions text texts description prompt sentence",
        "label": f"label labels class category event_label annotation {' '.join(SPECIES)} primary_label",
        "licence": "licence license lic",
        "source": "source url href",
        "attribution": "attribution author recordist rec",
        "recording": "recording source_id youtube_id",
        "start_s": "start_s start_time onset onset_s start begin_time_s begin_time begin start_time_s start_seconds "
        "start_time_seconds",
        "end_s": "end_s end_time offset offset_s end end_time_s end_seconds end_time_seconds stop",
        "seconds": "seconds duration_s",
        "low_hz": "low_hz low_freq_hz low_f low_frequency_hz min_freq_hz",
        "high_hz": "high_hz high_freq_hz high_f high_frequency_hz max_freq_hz",
    }.items()
}


def key(name: str) -> str:
    """A column's name for comparing: ``Begin Time (s)`` and ``begin_time_s`` are one."""
    return re.sub(r"[\W_]+", "_", unicodedata.normalize("NFC", name).casefold()).strip("_")


@dataclass(frozen=True)
class Table:
    """A table that was opened: ``columns`` as written; iterating yields (1-based line, {column: cell}).

    ``name`` is the file's; ``comma`` what parts the cells of a csv, "" for other formats.
    """

    name: str
    columns: tuple[str, ...]
    comma: str
    source: Iterable[tuple[int, dict[str, Cell]]]

    def __iter__(self) -> Iterator[tuple[int, dict[str, Cell]]]:
        return iter(self.source)

    def find(self, *names: str) -> str | None:
        """The column, as written, that is called one of these, the first of them that there is."""
        own = {key(column): column for column in reversed(self.columns)}
        return next((own[name] for name in names if name in own), None)

    def column(self, meaning: str) -> str | None:
        """The column of a meaning of ALIASES, such as ``file_name``; None where there is none."""
        return self.find(*ALIASES[meaning])

    def require(self, *meanings: str) -> None:
        """Raise Problem for the first of these that no column has."""
        for meaning in meanings:
            if self.column(meaning) is None:
                raise Problem(
                    f"{self.name} has the columns {', '.join(self.columns) or '(none: the file is empty)'}",
                    f"expected a column {meaning} (or {', '.join(ALIASES[meaning][1:6])} …)",
                    "name the columns in the first line",
                )


def read(path, header: tuple[str, ...] | None = None, encoding: str | None = None) -> Table:
    """Open a table.

    Args:
        path: A csv (comma, semicolon, tab or bar), JSON lines, a JSON list, or Parquet; told by its content.
        header: Names of the columns where the first line holds none.
        encoding: Of a text file; None: see texts/encodings.py.

    Raises:
        Problem: No plain file, no text, no header, two columns of one name; while iterating also an open quote or a
            row with too few or too many cells. The text names line and column.
    """
    path = Path(path)
    data = raw(path)
    if data[:4] == b"PAR1":
        return parquet_table(path)
    text = decoded(path, data, encoding)
    if text.lstrip()[:1] in ("{", "["):
        return records_table(path, text)
    return csv_table(path, text, header)


# ---- csv


def csv_table(path: Path, text: str, header: tuple[str, ...] | None) -> Table:
    """A csv, its dialect told by its first line."""
    skipped, text = spreadsheet_hint(text)
    comma, blank = dialect(text)
    if header is None:
        _, names = next(fields_of(path, text, comma, blank), (1, []))
    else:
        names = list(header)
    names = [unicodedata.normalize("NFC", name.strip()) for name in names]
    if not any(names):
        raise Problem(f"{path.name} has no columns (the file is empty)", "expected a header line", "name the columns")
    twice = [name for place, name in enumerate(names) if name and name in names[:place]]
    if twice:
        raise Problem(f"{path.name} has two columns {twice[0]!r}", "expected names of their own", "rename one")

    def rows() -> Iterator[tuple[int, dict[str, Cell]]]:
        numbered = fields_of(path, text, comma, blank)
        if header is None:
            next(numbered, None)
        for line, fields in numbered:
            if len(fields) != len(names):
                raise ragged(path, text, line, skipped, fields, names, comma)
            yield line + skipped, dict(named(path, line + skipped, names, fields))

    return Table(path.name, tuple(name for name in names if name), comma, Rows(rows))


class Rows:
    """Rows that are made anew each time that somebody iterates."""

    def __init__(self, made) -> None:
        self.made = made

    def __iter__(self) -> Iterator[tuple[int, dict[str, Cell]]]:
        return self.made()


def named(path: Path, line: int, names: list[str], fields: list[str]) -> Iterator[tuple[str, str]]:
    """(column, cell); a column without a name is a spreadsheet's empty one, or the row numbers that pandas writes."""
    for place, (name, cell) in enumerate(zip(names, fields, strict=True)):
        if name:
            yield name, cell
        elif cell.strip() and not (place == 0 and re.fullmatch(r"\d+", cell)):
            raise Problem(f"{path.name} line {line}: column {place + 1} has no name but holds {cell[:40]!r}",
                          "expected a name in the first line", REMEDY)  # fmt: skip


def fields_of(path: Path, text: str, comma: str, blank: bool) -> Iterator[tuple[int, list[str]]]:
    """Yield (1-based line of the row's beginning, its cells) for all rows that hold something."""
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=comma, skipinitialspace=blank)
    first = 1
    try:
        for fields in reader:
            if any(cell.strip() for cell in fields):
                yield first, fields
            first = reader.line_num + 1
    except csv.Error as error:
        raise Problem(f"{path.name} line {first} cannot be read ({error})", "expected closed quotes", REMEDY) from error


def spreadsheet_hint(text: str) -> tuple[int, str]:
    """Without what stands before the header: (lines taken away, the rest).

    Spreadsheets put ``sep=;`` there, people comments: lines that begin with ``#`` and name no column that is known.
    """
    found = re.match(r"sep=[,;|\t](\r\n|\n|\r)", text, re.IGNORECASE)
    if found:
        return 1, text[found.end() :]
    comments = re.match(r"(#[^\r\n]*(\r\n|\n|\r))+", text)
    if comments and not any(known_names(line) for line in comments[0].splitlines()):
        return len(comments[0].splitlines()), text[comments.end() :]
    return 0, text


def known_names(line: str) -> int:
    """How many cells of a line are usual names of columns, whatever parts them."""
    known = {name for names in ALIASES.values() for name in names}
    return sum(key(cell) in known for cell in re.split(r"[,;|\t]", line.lstrip("#")))


def dialect(text: str) -> tuple[str, bool]:
    """(what parts the cells, whether blanks follow it), from the header and, where it leaves a choice, the rows."""
    lines = text.lstrip("\r\n")[: 1 << 16]
    chosen = max(DELIMITERS, key=lambda comma: fit(lines, comma))
    first = next(cells(lines, chosen, 1), [])
    return chosen, len(first) > 1 and all(name.startswith(" ") for name in first[1:])


def fit(lines: str, comma: str) -> tuple[bool, int, float, int]:
    """How well a delimiter explains the beginning of a table: parts it, known names, rows of one width, columns."""
    header, *rows = [*cells(lines, comma, 20), []][:20]
    known = {name for names in ALIASES.values() for name in names}
    even = sum(len(row) == len(header) for row in rows if row) / max(1, len(rows))
    return len(header) > 1, sum(key(name) in known for name in header), even, len(header)


def cells(lines: str, comma: str, most: int) -> Iterator[list[str]]:
    """The first rows as one delimiter parts them, as far as they can be read."""
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=comma)
    try:
        for _, row in zip(range(most), reader, strict=False):
            yield row
    except csv.Error:
        return


def ragged(path, text: str, line: int, skipped: int, fields: list[str], names: list[str], comma: str) -> Problem:
    """The problem of a row whose cells are not as many as the columns, with the place where that shows."""
    beginning = re.split(r"\r\n|\n|\r", text)[line - 1]
    column = place_of(beginning, comma, min(len(fields), len(names)))
    more = f"; {fields[len(names)].strip()[:40]!r} has no column" if len(fields) > len(names) else ""
    shown = ", ".join(names) if len(names) < 12 else f"{', '.join(names[:8])} …"
    return Problem(
        f"{path.name} line {line + skipped} column {column} has {len(fields)} fields{more}",
        f"expected {len(names)} ({shown})",
        f"put quotes around a text that holds a {'comma' if comma == ',' else repr(comma)}",
    )


def place_of(line: str, comma: str, cell: int) -> int:
    """The 1-based column of a line where the cell of that number (from 0) begins, or the line's end."""
    quoted, seen = False, 0
    for place, letter in enumerate(line):
        quoted ^= letter == '"'
        seen += letter == comma and not quoted
        if letter == comma and not quoted and seen == cell:
            return place + 2
    return len(line) + 1


# ---- JSON and Parquet


def records_table(path: Path, text: str) -> Table:
    """JSON lines, or a JSON file that is a list of objects or holds one."""
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    try:
        whole = (
            json_text.parsed(text)
            if text.lstrip()[:1] == "[" or not is_object(lines[0][1]) or len(lines) == 1
            else None
        )
        if isinstance(whole, dict) and not any(isinstance(whole.get(name), list) for name in LISTS):
            whole = [whole]
        if isinstance(whole, dict):
            whole = next(whole[name] for name in LISTS if isinstance(whole.get(name), list))
        records = list(enumerate(whole, 1)) if whole is not None else [(n, json_line(path, n, one)) for n, one in lines]
    except ValueError as error:
        place = f" line {error.lineno} column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise Problem(f"{path.name}{place} is no JSON ({error})"[:300], "expected one object a line", REMEDY) from error
    for number, record in records:
        if not isinstance(record, dict):
            raise Problem(f"{path.name} line {number} is no object", 'expected {"file_name": …, "text": …}', REMEDY)
    names = tuple(dict.fromkeys(str(name) for _, record in records for name in record))
    rows = [(number, {name: cell(record.get(name)) for name in names}) for number, record in records]
    return Table(path.name, names, "", rows)


def is_object(line: str) -> bool:
    try:
        return isinstance(json_text.parsed(line), dict)
    except ValueError:
        return False


def json_line(path: Path, number: int, line: str) -> object:
    try:
        return json_text.parsed(line)
    except ValueError as error:
        where = f"{path.name} line {number}"
        if isinstance(error, json.JSONDecodeError):
            where, error = f"{where} column {error.colno}", ValueError(error.msg)
        raise Problem(f"{where} is no JSON ({error})", "expected one object a line", REMEDY) from error


def parquet_table(path: Path) -> Table:
    """A Parquet file; columns of bytes (embedded sounds and pictures) are left out, which is said."""
    try:
        with parquet.ParquetFile(path) as file:
            schema = file.schema_arrow
            names = [field.name for field in schema if not holds_bytes(field.type)]
            rows = file.read(columns=names).to_pylist()
    except (pyarrow.ArrowInvalid, OSError) as error:
        raise Problem(f"{path.name} is no whole Parquet file ({error})"[:300], "expected a table", REMEDY) from error
    if len(names) < len(schema):
        log.warning("%s: columns of bytes are not read: %s", path.name, ", ".join(sorted({*schema.names} - {*names})))
    # pandas keeps its row numbers in a column of this name.
    names = [name for name in names if not re.fullmatch(r"__index_level_\d+__", name)]
    return Table(path.name, tuple(names), "", [
        (number, {name: cell(row[name]) for name in names}) for number, row in enumerate(rows, 1)
    ])  # fmt: skip


def holds_bytes(kind: pyarrow.DataType) -> bool:
    if pyarrow.types.is_struct(kind):
        return any(holds_bytes(kind.field(place).type) for place in range(kind.num_fields))
    return pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind)


def cell(value: object) -> Cell:
    """A value of JSON or Parquet as a cell."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, list | tuple):
        return tuple(cell(one) if not isinstance(one, list | tuple | dict) else json_text.dumps(one) for one in value)
    return json_text.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | bool) else str(value)
