"""AudioCaps and AudioSet tables and plain lists of YouTube ids, parsed without losing a row.

AudioCaps: ``audiocap_id,youtube_id,start_time,caption``, one caption a row, clips of 10 s.  AudioSet: three ``#``
lines, separator comma + blank, ``YTID, start_seconds, end_seconds, positive_labels``.  Ids: 11 of [A-Za-z0-9_-].
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from dataset_builder.intake.entries import Entry, clean_text
from dataset_builder.intake.ontology import Ontology, Selection
from dataset_builder.intake.tables import decoded, numbered_rows, read_table
from spectrogram.problems import Problem

ID = re.compile(r"[A-Za-z0-9_-]{11}")
ID_FORM = "expected 11 of A-Z a-z 0-9 _ -"
REMEDY = "correct or remove the line"
CLIP_S = 10.0
AUDIOCAPS = ("audiocap_id", "youtube_id", "start_time", "caption")
# SHA-256 (first 16 digits) of the tables of AudioCaps 1, with plain line ends; version 2 has other captions.
AUDIOCAPS_1 = {"99cfaf4ec047fb88": "train", "8642e1ea9c6013bf": "val", "b4d27ba75c4f98af": "test"}
FOUND_SUFFIXES = (".flac", ".wav", ".ogg", ".mp3", ".m4a", ".opus", ".webm")


def recognises(table: Path) -> bool:
    """True for the tables that this module reads, by their first line."""
    if not table.is_file():
        raise Problem(f"{table} is not there", "expected a csv file or a folder", "check the path")
    with open(table, "rb") as file:
        first = file.readline().decode("utf-8-sig", errors="replace").strip()
    return first.startswith("#") or first == ",".join(AUDIOCAPS) or (table.suffix == ".txt" and bool(ID.match(first)))


def version_of(table: Path) -> str:
    """``sha256 99cfaf4ec047fb88, AudioCaps 1 train``: what a table is, whatever its line ends are."""
    digest = hashlib.sha256(table.read_bytes().replace(b"\r\n", b"\n")).hexdigest()[:16]
    if digest in AUDIOCAPS_1:
        return f"sha256 {digest}, AudioCaps 1 {AUDIOCAPS_1[digest]}"
    with open(table, "rb") as file:
        header = file.readline().decode("utf-8-sig", errors="replace").strip()
    return f"sha256 {digest}" + (", AudioCaps of another version" if header == ",".join(AUDIOCAPS) else "")


def read(table: Path, audio: Path) -> Iterator[Entry]:
    """Entries of any of the three, their sound looked for in ``audio`` as ``ID_START.*`` or ``ID.*``: cut sections."""
    found = {path.stem: path for path in sorted(audio.rglob("*")) if path.suffix.lower() in FOUND_SUFFIXES}
    for entry in wanted(table):
        path = found.get(entry.clip_id) or found.get(entry.recording) or audio / f"{entry.clip_id}.flac"
        yield replace(entry, path=str(path), start_s=0.0, seconds=None)


def wanted(table: Path, ontology: Ontology | None = None, selection: Selection | None = None) -> Iterator[Entry]:
    """Entries of any of the three as sections of the original videos, without a sound file.

    ``ontology`` names AudioSet's labels, ``selection`` says which of its rows are wanted.
    """
    if table.suffix == ".txt":
        yield from read_ids(table)
    elif decoded(table).startswith("#"):
        yield from read_audioset(table, ontology, selection)
    else:
        yield from read_audiocaps(table)


def read_audiocaps(table: Path) -> Iterator[Entry]:
    """One entry for each row (= one caption); rows of one clip have one ``clip_id``."""
    for line, row in read_table(table, AUDIOCAPS):
        youtube_id, start_s = checked(table, line, row["youtube_id"], row["start_time"])
        yield youtube_entry(table, line, youtube_id, start_s, CLIP_S, clean_text(row["caption"]))


def read_audioset(table: Path, ontology: Ontology | None = None, selection: Selection | None = None) -> Iterator[Entry]:
    """One entry for each wanted row; the caption is the list of its labels' names (their ids without an ontology)."""
    names = ontology.names if ontology else {}
    for line, fields in numbered_rows(table, skipinitialspace=True):
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
    """One entry a line: ``ID``, ``ID START`` or ``ID START CAPTION``, separated by blanks or commas."""
    for line, text in enumerate(decoded(table).splitlines(), 1):
        if not text.strip():
            continue
        youtube_id, *rest = next(csv.reader([text])) if "," in text else text.split(maxsplit=2)
        youtube_id, start_s = checked(table, line, youtube_id.strip(), rest[0] if rest else "0")
        yield youtube_entry(table, line, youtube_id, start_s, CLIP_S, clean_text(rest[1]) if len(rest) > 1 else "")


def youtube_entry(table: Path, line: int, youtube_id: str, start_s: float, seconds: float, caption: str) -> Entry:
    return Entry(
        clip_id=f"{youtube_id}_{start_s:g}",
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
