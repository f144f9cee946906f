"""CSV files read strictly: a damaged table stops with its line instead of losing rows silently.

Conventions: UTF-8 with or without BOM, any line ends, quotes must close, every row has as many fields as the header.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from spectrogram.problems import Problem

REMEDY = "correct the file (spreadsheets: save as 'CSV UTF-8') and run again"


def read_table(path: Path, required: tuple[str, ...] = (), **dialect) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (1-based line number, row as a dict of str) for every row of a CSV file with a header.

    Raises Problem (exit code 4) naming line and column: not UTF-8, NUL byte, open quote, ragged row, missing column.
    """
    lines = numbered_rows(path, **dialect)
    _, header = next(lines, (1, []))
    header = [name.strip() for name in header]
    missing = [name for name in required if name not in header]
    if not header or missing:
        raise Problem(
            f"{path.name} has the columns {', '.join(header) or '(none: the file is empty)'}",
            f"expected at least {', '.join(required) or 'a header line'}",
            "name the columns in the first line",
        )
    for line, fields in lines:
        yield line, dict(zip(header, checked(path, line, fields, header), strict=True))


def numbered_rows(path: Path, **dialect) -> Iterator[tuple[int, list[str]]]:
    """Yield (1-based line number of the row's first line, fields) for all rows that are not blank."""
    text = decoded(path)
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise Problem(f"{path.name} line {line} holds a NUL byte", "expected text", REMEDY)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, **dialect)
    first = 1
    try:
        for fields in reader:
            if fields:
                yield first, fields
            first = reader.line_num + 1
    except csv.Error as error:
        raise Problem(f"{path.name} line {first} cannot be read ({error})", "expected closed quotes", REMEDY) from error


def decoded(path: Path) -> str:
    """The whole file as text; a byte that is not UTF-8 is reported with its line and column."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise Problem(f"cannot read {path}", "expected a readable file", error.strerror or str(error)) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise Problem(
            f"{path.name} line {line} column {column} is not UTF-8 (byte 0x{data[error.start]:02x})",
            "expected UTF-8 text",
            f"convert it: iconv -f latin1 -t utf8 {path.name}",
        ) from error


def checked(path: Path, line: int, fields: list[str], header: list[str]) -> list[str]:
    if len(fields) != len(header):
        raise Problem(
            f"{path.name} line {line} has {len(fields)} fields",
            f"expected {len(header)} ({', '.join(header)})",
            "put quotes around a text that holds a comma",
        )
    return fields
