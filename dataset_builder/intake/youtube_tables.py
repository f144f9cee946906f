"""Tables and lists of sections of YouTube videos, parsed without losing a row.

AudioCaps: ``audiocap_id,youtube_id,start_time,caption``, one caption a row, clips of 10 s.  AudioSet: three ``#``
lines, separator comma + blank, ``YTID, start_seconds, end_seconds, positive_labels``.
Its strong labels: a row an event.  MusicCaps, VGGSound (no header), and lists of ids or addresses.
Ids: 11 of [A-Za-z0-9_-].
"""

from __future__ import annotations

import csv
import hashlib
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from dataset_builder.intake.entries import Entry, checked_split, clean_text
from dataset_builder.intake.layouts import columns_of, layout_of
from dataset_builder.intake.names import words
from dataset_builder.intake.ontology import Ontology, Selection
from dataset_builder.intake.rows import digits, first_text, texts_of
from spectrogram.files import tables
from spectrogram.files.named_files import sounds_below
from spectrogram.files.tables import Table
from spectrogram.files.texts import encodings
from spectrogram.problems import Problem

log = logging.getLogger(__name__)

ID = re.compile(r"[A-Za-z0-9_-]{11}")
ID_FORM = "expected 11 of A-Z a-z 0-9 _ -"
REMEDY = "correct or remove the line"
CLIP_S = 10.0
AUDIOCAPS = ("audiocap_id", "youtube_id", "start_time", "caption")
# SHA-256 (first 16 digits) of the tables of AudioCaps 1, with plain line ends; version 2 has other captions.
AUDIOCAPS_1 = {"99cfaf4ec047fb88": "train", "8642e1ea9c6013bf": "val", "b4d27ba75c4f98af": "test"}
IDS = ("youtube_id", "ytid", "yt_id", "video_id", "segment_id")
ADDRESSES = ("url", "video_url", "youtube_url", "link", "href", "address")
FILE_COLUMNS = ("file_name", "file", "filename", "path", "audio", "fname", "slice_file_name", "recording_id", "gen")
LABEL_NAMES = ("ontology.json", "class_labels_indices.csv", "mid_to_display_name.tsv")
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://|www\.|youtu\.be/", re.IGNORECASE)
YOUTUBE = re.compile(
    r"(?:youtu\.be/|youtube(?:-nocookie)?\.com/(?:watch\?(?:.*&)?v=|embed/|shorts/|live/|v/))([\w-]{11})(?![\w-])"
)
TIME = re.compile(r"[?&#](?:t|start)=(?:(\d{1,3})h)?(?:(\d{1,4})m)?(?:(\d{1,6})s?)?")
NUMBER = re.compile(r"\d+(\.\d+)?")
# VGGSound has no header: "id",start,label,split.
VGGSOUND = re.compile(r'"?[\w-]{11}"?,\d+,.+,(train|test)"?\s*$')
VGGSOUND_COLUMNS = ("youtube_id", "start_s", "label", "split")


def recognises(table: Path) -> bool:
    """True for the tables that this module reads, by their first line."""
    if not table.exists():
        near = [
            path.name for path in sorted(table.parent.glob("*")) if path.name.lower().startswith(table.name[:3].lower())
        ]
        hint = f"there is {', '.join(near[:3])}" if near else "check the path"
        raise Problem(f"{table} is not there", "expected a csv file or a folder", hint)
    first = first_line(table)
    if is_audioset(table) or VGGSOUND.match(first) or (ID.match(first) and table.suffix == ".txt"):
        return True
    if ADDRESS.match(first):
        return True
    if not first or table.suffix == ".txt":
        return False
    own = tables.read(table)
    address = own.find(*ADDRESSES)
    if own.find(*FILE_COLUMNS) or not (own.find(*IDS) or address):
        return False
    return bool(own.find(*IDS)) or any(YOUTUBE.search(str(row[address])) for _, row in islice(own, 1))


def first_line(table: Path) -> str:
    """The first line that is not blank, of a plain file."""
    return next((line.strip("\ufeff \t") for line in beginning(table).splitlines() if line.strip("\ufeff \t")), "")


def beginning(table: Path) -> str:
    """The first lines of a plain file, whatever they are: a Parquet file's too."""
    head = encodings.raw(table)[: 1 << 16]
    try:
        name, _ = encodings.encoding_of(head[:-4] if len(head) == 1 << 16 else head)
    except Problem:  # which encoding it is, is asked for when it is read
        name = "utf-8"
    return head.decode(name, errors="replace")


def is_audioset(table: Path) -> bool:
    """True for AudioSet's segments: comments, then ``ID, start, end, "labels"``."""
    lines = beginning(table).splitlines() if first_line(table).startswith("#") else []
    row = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    return bool(lines) and (not row or len(next(csv.reader([row], skipinitialspace=True), [])) == 4)


def version_of(table: Path) -> str:
    """``sha256 99cfaf4ec047fb88, AudioCaps 1 train``: what a table is, whatever its line ends are."""
    digest = hashlib.sha256(table.read_bytes().replace(b"\r\n", b"\n")).hexdigest()[:16]
    if digest in AUDIOCAPS_1:
        return f"sha256 {digest}, AudioCaps 1 {AUDIOCAPS_1[digest]}"
    return f"sha256 {digest}" + (", AudioCaps of another version" if first_line(table) == ",".join(AUDIOCAPS) else "")


def read(table: Path, audio: Path) -> Iterator[Entry]:
    """Entries of any of them, their sound looked for in ``audio`` under the names that downloaders give (found_for)."""
    found = {path.stem: path for path in sounds_below(audio)}
    if is_strong(table):
        yield from strong_events(table, found, audio)
        return
    for entry in wanted(table):
        path = found_for(entry.recording, entry.start_s, found) or audio / f"{entry.clip_id}.flac"
        yield replace(entry, path=str(path), start_s=0.0, seconds=None)


def found_for(youtube_id: str, start_s: float, found: dict[str, Path]) -> Path | None:
    """The file of a section: ``ID_START`` in seconds, milliseconds or six digits, ``ID``, or ``YID`` (AudioSet's)."""
    starts = (digits(start_s), f"{round(start_s * 1000)}", f"{round(start_s):06d}")
    names = (*(f"{youtube_id}_{start}" for start in starts), youtube_id, f"Y{youtube_id}")
    return next((found[name] for name in names if name in found), None)


def wanted(table: Path, ontology: Ontology | None = None, selection: Selection | None = None) -> Iterator[Entry]:
    """Entries of any of them as sections of the original videos, without a sound file.

    ``ontology`` names AudioSet's labels, ``selection`` says which of its rows are wanted.
    """
    first = first_line(table)
    if is_audioset(table):
        yield from read_audioset(table, ontology, selection)
    elif VGGSOUND.match(first):
        yield from read_rows(table, tables.read(table, VGGSOUND_COLUMNS))
    elif table.suffix == ".txt" or ADDRESS.match(first):
        yield from read_ids(table)
    elif is_strong(table):
        yield from strong_sections(table, ontology)
    else:
        yield from read_rows(table, tables.read(table))


def read_audiocaps(table: Path) -> Iterator[Entry]:
    """One entry for each row (= one caption); rows of one clip have one ``clip_id``."""
    return read_rows(table, tables.read(table))


def read_rows(origin: Path, table: Table) -> Iterator[Entry]:
    """One entry for each row of a table with an id or address, and perhaps start, end, captions, label and split.

    AudioCaps (one caption a row), MusicCaps, VGGSound (which has no header), and lists of addresses as a csv.
    """
    columns, layout = columns_of(table, layout_of(table)), table.find(*IDS) or table.find(*ADDRESSES)
    labels, split = columns["label"], table.find("split")
    if layout is None:
        raise Problem(f"{origin} has no column of ids or addresses", "youtube_id or url", "name one")
    for line, row in table:
        start = first_text(row, columns["start_s"])
        youtube_id, own_start = section(origin, line, str(row[layout]), start)
        end = first_text(row, columns["end_s"])
        seconds = checked(origin, line, youtube_id, end)[1] - own_start if end else CLIP_S
        texts = [text for name in (*columns["caption"][:1], *columns["captions"]) for text in texts_of(row[name])]
        label = clean_text(first_text(row, labels))
        captions = tuple(dict.fromkeys(text for one in texts if (text := clean_text(one))))
        entry = youtube_entry(origin, line, youtube_id, own_start, seconds if seconds > 0 else CLIP_S, "")
        split_name = checked_split(str(row[split])) if split else ""
        yield replace(entry, captions=captions or ((words(label),) if label else ()), label=label, split=split_name)


def is_strong(table: Path) -> bool:
    """True for AudioSet's strong labels: one row an event, ``segment_id`` with the start in milliseconds."""
    return first_line(table).split("\t")[:1] == ["segment_id"]


def strong_rows(table: Path) -> Iterator[tuple[int, str, float, float, float, str]]:
    """(line, id, start of the section, begin and end of the event in it, label)."""
    opened = tables.read(table)
    opened.require("start_s", "end_s", "label")
    start, end, label = (opened.column(name) for name in ("start_s", "end_s", "label"))
    for line, row in opened:
        youtube_id, _, milliseconds = str(row["segment_id"]).rpartition("_")
        youtube_id, section_s = checked(table, line, youtube_id, milliseconds)
        begin_s, end_s = (checked(table, line, youtube_id, str(row[name]))[1] for name in (start, end))
        if end_s <= begin_s:
            raise Problem(f"{table.name} line {line}: it ends before it begins", "expected a later end", REMEDY)
        yield line, youtube_id, section_s / 1000, begin_s, end_s, str(row[label])


def strong_sections(table: Path, ontology: Ontology | None) -> Iterator[Entry]:
    """One entry a section of 10 s, captioned by all its labels: what is to be fetched."""
    names, found = (ontology.names if ontology else {}), {}
    for line, youtube_id, section_s, _, _, label in strong_rows(table):
        _, labels = found.setdefault((youtube_id, section_s), (line, {}))
        labels[names.get(label, label)] = None
    for (youtube_id, section_s), (line, labels) in found.items():
        entry = youtube_entry(table, line, youtube_id, section_s, CLIP_S, ", ".join(labels).lower())
        yield replace(entry, label=next(iter(labels)))


def strong_events(table: Path, found: dict[str, Path], audio: Path) -> Iterator[Entry]:
    """One entry an event, cut where the table says out of the section's file."""
    beside = [path for name in LABEL_NAMES if (path := table.parent / name).is_file()]
    names = Ontology.read(beside[0]).names if beside else {}
    if not names:
        log.warning("%s: the labels keep their ids; for names put AudioSet's ontology.json beside it", table.name)
    for line, youtube_id, section_s, begin_s, end_s, label in strong_rows(table):
        name = names.get(label, label)
        entry = youtube_entry(table, line, youtube_id, section_s, CLIP_S, words(name).lower())
        path = found_for(youtube_id, section_s, found) or audio / f"{entry.clip_id}.flac"
        yield replace(
            entry,
            path=str(path),
            clip_id=f"{entry.clip_id}@{digits(begin_s)}",
            label=name,
            start_s=begin_s,
            seconds=round(end_s - begin_s, 6),
        )


def read_audioset(table: Path, ontology: Ontology | None = None, selection: Selection | None = None) -> Iterator[Entry]:
    """One entry for each wanted row; the caption is the list of its labels' names (their ids without an ontology)."""
    names = ontology.names if ontology else {}
    for line, fields in tables.fields_of(table, encodings.text_of(table), ",", True):
        if fields[0].startswith("#"):
            continue
        if len(fields) != 4:
            raise Problem(f"{table.name} line {line} has {len(fields)} fields", "expected 4", "fetch the file again")
        youtube_id, start_s = checked(table, line, fields[0], fields[1])
        _, end_s = checked(table, line, fields[0], fields[2])
        chosen = selection.take(fields[3].split(",")) if selection else ""
        if chosen is None:
            continue
        labels = [names.get(label, label) for label in fields[3].split(",")]
        entry = youtube_entry(table, line, youtube_id, start_s, end_s - start_s, ", ".join(labels).lower())
        yield replace(entry, label=chosen or labels[0])


def read_ids(table: Path) -> Iterator[Entry]:
    """One entry a line: ``ID``, ``ID START`` or ``ID START CAPTION``, parted by blanks or commas; or an address."""
    for line, text in enumerate(encodings.text_of(table).splitlines(), 1):
        if not text.strip():
            continue
        first, *rest = next(csv.reader([text])) if "," in text else text.split(maxsplit=2)
        if ADDRESS.match(first) and rest and not NUMBER.fullmatch(rest[0].strip()):
            rest = ["", " ".join(rest)]
        youtube_id, start_s = section(table, line, first.strip(), rest[0] if rest else "")
        yield youtube_entry(table, line, youtube_id, start_s, CLIP_S, clean_text(rest[1]) if len(rest) > 1 else "")


def section(table: Path, line: int, text: str, start: str) -> tuple[str, float]:
    """(id, start) of an id or an address of YouTube, with its own time (``?t=1m30s``) where none is stated."""
    if not ADDRESS.match(text):
        return checked(table, line, text, start or "0")
    found = YOUTUBE.search(text)
    if not found:
        raise Problem(
            f"{table.name} line {line}: {text[:80]!r} is no address of YouTube",
            "expected ids or addresses of YouTube",
            "fetch other files yourself (wget -i LIST) and give their folder",
        )
    own = TIME.search(text)
    hours, minutes, seconds = (int(part or 0) for part in own.groups()) if own else (0, 0, 0)
    return checked(table, line, found[1], start or str(3600 * hours + 60 * minutes + seconds))


def youtube_entry(table: Path, line: int, youtube_id: str, start_s: float, seconds: float, caption: str) -> Entry:
    return Entry(
        clip_id=f"{youtube_id}_{digits(start_s)}",
        path="",
        captions=(caption,) if caption else (),
        source=f"https://www.youtube.com/watch?v={youtube_id}&t={int(start_s)}",
        licence="YouTube, rights of the uploader",
        recording=youtube_id,
        start_s=start_s,
        seconds=seconds,
        origin=str(table),
        row=line,
    )


def checked(table: Path, line: int, youtube_id: str, start: str) -> tuple[str, float]:
    """The id and the time, or a Problem naming the line; an id is never more than 11 harmless characters."""
    if not ID.fullmatch(youtube_id):
        raise Problem(f"{table.name} line {line}: {youtube_id!r} is no YouTube id", ID_FORM, REMEDY)
    try:
        seconds = float(start)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e6:
        raise Problem(f"{table.name} line {line}: {start!r} is no start time", "expected seconds such as 30", REMEDY)
    return youtube_id, seconds
