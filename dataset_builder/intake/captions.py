"""Captions and sound files, however a person keeps them, as entries.

Understood: tables of any usual kind and those of public collections (rows.py, layouts.py); folders (folders.py);
AudioCaps, AudioSet and lists of YouTube ids or addresses, whose sound is looked for by id (youtube_tables.py).
Rows that name the same part of the same file are one clip with several captions.
"""

from __future__ import annotations

import logging
import random
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from dataset_builder.intake import youtube_tables
from dataset_builder.intake.annotated import annotated, is_annotations, recording_of
from dataset_builder.intake.entries import Entry, splits_of_folders, top_of
from dataset_builder.intake.folders import Intake, read_folder
from dataset_builder.intake.rows import TableReader, digits
from spectrogram.files import tables
from spectrogram.files.endings import is_sound_name
from spectrogram.files.texts import encodings
from spectrogram.problems import Problem, UsageProblem

log = logging.getLogger(__name__)

HELP = "see python -m dataset_builder --help"
REMEDY = encodings.REMEDY
WORDINGS = ("all", "first", "random")
__all__ = ["WORDINGS", "chosen_wordings", "merged", "read_entries", "read_intake", "refuse_overlap"]


def read_entries(where: Path, audio: Path | None = None, overlap: bool = False) -> list[Entry]:
    """``read_intake`` without the files that are not used, which are named in the log."""
    intake = read_intake(where, audio, overlap)
    if intake.unused:
        log.warning("%s", intake.sentence())
    return intake.entries


def read_intake(where: Path, audio: Path | None = None, overlap: bool = False) -> Intake:
    """All entries of a table or a folder, in its order, each clip once, and what of the folder is not used.

    ``audio`` is the folder that relative file names start from (default: where the table lies).  Raises Problem for
    tables that cannot be read, names that leave the folder, and recordings in two splits (unless ``overlap``).
    """
    where, folders = Path(where), [Path(path) for path in (audio, Path(where).parent) if path]
    if where.is_dir():
        intake = read_folder(where)
    elif youtube_tables.recognises(where):
        entries = list(youtube_tables.read(where, folders[0]))
        say_beside(entries, where)
        intake = Intake(entries)
    elif is_annotations(where) and (sound := recording_of(where, folders)):
        intake = Intake(annotated(sound, [where], sound.parent))
    else:
        reader = TableReader(tables.read(where), folders, where)
        entries = split_by_folders(list(reader.entries()), folders)
        say_beside(entries, where)
        intake = Intake(entries)
    if not intake.entries:
        unused = f" ({intake.sentence()})" if intake.unused else ""
        raise Problem(
            f"{where} names no sound{unused}", "expected a table with rows, pairs 1.wav + 1.txt or class folders", HELP
        )
    intake.entries = merged(intake.entries)
    if not overlap:
        refuse_overlap(intake.entries)
    return intake


def say_beside(entries: list[Entry], where: Path) -> None:
    """Name and count the sounds in the folders of those that a table names, which it does not name itself."""
    named = {Path(entry.path) for entry in entries}
    places = sorted({path.parent for path in named if path.is_file()})
    every = (path for place in places for path in sorted(place.iterdir()) if path not in named)
    others = [path.name for path in every if is_sound_name(path) and path.is_file()]
    if others:
        shown = ", ".join(others[:3]) + (", …" if len(others) > 3 else "")
        log.warning("%d sounds beside those of %s are in no row and are left out: %s", len(others), where.name, shown)


def split_by_folders(entries: list[Entry], folders: list[Path]) -> list[Entry]:
    """The entries with the split of their top folder, where a table states none and all top folders are splits."""
    paths = [Path(entry.path) for entry in entries]
    folder = next((one for one in folders if all(path.is_relative_to(one) for path in paths)), None)
    if folder is None or not paths or any(entry.split for entry in entries):
        return entries
    top = top_of(folder, paths)
    inside = [path.relative_to(top).parts for path in paths]
    splits = splits_of_folders({parts[0] if len(parts) > 1 else "" for parts in inside})
    return [replace(entry, split=splits.get(parts[0], "")) for entry, parts in zip(entries, inside, strict=True)]


def merged(entries: list[Entry]) -> list[Entry]:
    """One entry for each clip, with the captions of all its rows in order; an exact repeat warns.

    Different files or parts that would have one id get ids of their own: ``rain-wav`` beside ``rain-flac``, ``a@1-2.5``
    beside ``a@1-4``.
    """
    found: dict[str, Entry] = {}
    for entry in distinct(entries):
        old = found.setdefault(entry.clip_id, entry)
        if old is entry:
            continue
        if part_of(old) != part_of(entry):
            raise Problem(
                f"{entry.place()} repeats the id {entry.clip_id!r} of {old.place()}", "expected own ids", REMEDY
            )
        fresh = tuple(caption for caption in entry.captions if caption not in old.captions)
        label = "+".join(dict.fromkeys(one for one in (*old.label.split("+"), entry.label) if one))
        if not fresh and label == old.label:
            log.warning("%s repeats %s: counted once", entry.place(), old.place())
        found[entry.clip_id] = replace(old, captions=old.captions + fresh, label=label)
    return list(found.values())


def part_of(entry: Entry) -> tuple:
    return entry.path, entry.start_s, entry.seconds


def distinct(entries: list[Entry]) -> list[Entry]:
    """The entries with ids that differ where their files or parts do, for ids that were made of names."""
    groups: dict[str, dict[tuple, Entry]] = defaultdict(dict)
    for entry in entries:
        groups[entry.clip_id].setdefault(part_of(entry), entry)
    ambiguous = {name: list(parts.values()) for name, parts in groups.items() if len(parts) > 1}
    taken, fresh = set(groups), {}
    for name, parts in ambiguous.items():
        endings = [Path(entry.path).suffix[1:].lower() for entry in parts]
        several_files = len({entry.path for entry in parts}) > 1
        for entry, ending in zip(parts, endings, strict=True):
            if several_files and Path(entry.path).stem not in name:
                continue  # an id that the table states: two files of one id are its fault
            own = f"{name}-{ending}" if several_files else name
            if not several_files or sum(one.path == entry.path for one in parts) > 1:
                begin = "" if entry.start_s else "@0"
                own += begin if entry.seconds is None else f"{begin}-{digits(round(entry.start_s + entry.seconds, 9))}"
            number = 1
            while own in taken and own != name:
                number += 1
                own = f"{name}-{ending}-{number}"
            taken.add(own)
            fresh[name, part_of(entry)] = own
    return [replace(e, clip_id=fresh.get((e.clip_id, part_of(e)), e.clip_id)) for e in entries]


def refuse_overlap(entries: list[Entry]) -> None:
    """Raise Problem when the table itself puts one recording into two splits."""
    first: dict[str, Entry] = {}
    for entry, part in ((one, part) for one in entries for part in one.recording.split("|")):
        old = first.setdefault(part, entry) if entry.split else entry
        if old.split != entry.split:
            raise Problem(
                f"{old.place()} ({old.split}) and {entry.place()} ({entry.split}) are the recording {part}",
                "expected all clips of a recording in one split",
                "correct the split column or pass --allow-overlap",
            )


def chosen_wordings(entries: list[Entry], policy: str, seed: int) -> list[Entry]:
    """The entries with the captions that a policy keeps: all, the first, or one drawn from the seed and the clip id."""
    if policy not in WORDINGS:
        raise UsageProblem(f"--wordings {policy} is none", f"expected one of {', '.join(WORDINGS)}", "choose one")
    if policy == "all":
        return list(entries)

    def one(entry: Entry) -> tuple[str, ...]:
        if policy == "first" or len(entry.captions) < 2:
            return entry.captions[:1]
        return (random.Random(f"{seed}|wording|{entry.clip_id}").choice(entry.captions),)

    return [replace(entry, captions=one(entry)) for entry in entries]
