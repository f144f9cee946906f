"""How the tables of public collections name their columns: one line each, told by columns that only they have.

A layout says what a meaning is read from, where that is not one of the usual names (tables.ALIASES), and how the sound
of a row is called.  Everything else about a row is the same for all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from spectrogram.files.tables import ALIASES, Table, key


@dataclass(frozen=True)
class Layout:
    """``marks``: columns that tell it; ``columns``: meaning -> names instead of the usual ones (none: not read);
    ``files``: names that a row's sound may have, of its columns, tried before the column ``file_name``."""

    name: str
    marks: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: tuple[str, ...] = ()


LAYOUTS = (
    # Start and end are those of the Freesound recording, of which the file is the slice.
    Layout(
        "UrbanSound8K",
        ("slice_file_name", "fsid", "classid"),
        {"file_name": ("slice_file_name",), "recording": ("fsid",), "label": ("class",), "start_s": (), "end_s": ()},
    ),
    Layout("ESC-50", ("target", "category", "src_file"), {"label": ("category",), "recording": ("src_file",)}),
    Layout("FSD50K", ("fname", "labels", "mids"), {"recording": ("fname",)}),
    Layout(
        "xeno-canto",
        ("id", "gen", "sp", "rec"),
        {"file_name": ("file_name",), "source": ("url",), "recording": ("id",)},
        ("XC{id}", "{id}", "{gen}-{sp}-{id}", "{gen}_{sp}_{id}", "XC{id} - {en}"),
    ),
    Layout(
        "warbleR",
        ("recording_id", "genus", "specific_epithet"),
        {"file_name": ("sound_files",), "recording": ("recording_id",)},
        ("{genus}-{specific_epithet}-{recording_id}", "XC{recording_id}", "{recording_id}"),
    ),
    Layout(
        "Kaleidoscope",
        ("in_file", "offset", "duration"),
        {
            "file_name": ("in_file",),
            "start_s": ("offset",),
            "end_s": (),
            "seconds": ("duration",),
            "label": ("manual_id", "auto_id"),
        },
    ),
    # Its column "duration" is the file's own length, and "start" does not occur.
    Layout("WavCaps", ("id", "caption", "duration"), {"recording": ("id",)}, ("{id}",)),
    Layout("any table"),
)
# Clotho writes five captions as caption_1 to caption_5, others caption1 or text_1.
NUMBERED = re.compile(r"(caption|text|description)s?_?\d{1,2}")


def layout_of(table: Table) -> Layout:
    """The first layout whose marks a table has."""
    own = {key(column) for column in table.columns}
    return next(layout for layout in LAYOUTS if own.issuperset(layout.marks))


def columns_of(table: Table, layout: Layout) -> dict[str, list[str]]:
    """The columns, as written, of every meaning, the first to be asked first; "captions" are the numbered ones."""
    written: dict[str, str] = {}
    for column in table.columns:
        written.setdefault(key(column), column)
    found = {}
    for meaning, usual in ALIASES.items():
        names = layout.columns.get(meaning, usual)
        found[meaning] = [written[name] for name in names if name in written]
    found["captions"] = [column for name, column in written.items() if NUMBERED.fullmatch(name)]
    if not found["start_s"]:
        found["end_s"] = []  # an end without a beginning is another thing: an offset, a year
    return found
