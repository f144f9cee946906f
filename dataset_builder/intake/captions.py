"""Captions and sound files, however a person keeps them, as entries.

Understood: a CSV with ``file_name,caption,…`` or with a species instead of captions; pairs ``1.wav`` + ``1.txt``; one
folder per class; sounds alone (named after their files); AudioCaps and AudioSet tables and lists of YouTube ids (their
sound is looked for by id).  Rows that name the same part of the same file are one clip with several captions; a column
``more_captions`` holds further wordings, parted by "|".
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from dataset_builder.intake import youtube_tables
from dataset_builder.intake.entries import Entry, clean_text
from dataset_builder.intake.names import named_after, species_captions, words
from dataset_builder.intake.tables import REMEDY, read_table
from spectrogram.problems import Problem, UsageProblem

log = logging.getLogger(__name__)

SOUND_SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".m4a", ".webm", ".mp4", ".aac")
SPECIES = ("common_name", "english_name", "en", "vernacular_name", "species", "scientific_name")
COLUMNS = {
    "file_name": ("file_name", "file", "filename", "file-name", "path", "audio"),
    "caption": ("caption", "text", "description", "prompt"),
    "label": ("label", "class", "category", *SPECIES),
    "licence": ("licence", "license", "lic"),
    "source": ("source", "url"),
    "attribution": ("attribution", "author", "recordist", "rec"),
    "recording": ("recording", "source_id", "youtube_id"),
    "start_s": ("start_s", "start_time", "onset"),
}
ABOUT_SPECIES = {"species": SPECIES, "kind": ("type", "sound_type", "song_type"), "country": ("country", "cnt")}
HELP = "see python -m dataset_builder --help"
WORDINGS = ("all", "first", "random")
SAME_NAME = ("clip_id", "split", "sha256")


def read_entries(where: Path, audio: Path | None = None, overlap: bool = False) -> list[Entry]:
    """All entries of a table or a folder, in its order, each clip once.

    ``audio`` is the folder that relative file names start from (default: where the table lies).  Raises Problem for
    tables that cannot be read, names that leave the folder, and recordings in two splits (unless ``overlap``).
    """
    where = Path(where)
    if where.is_dir():
        entries = list(read_folder(where))
    elif youtube_tables.recognises(where):
        entries = list(youtube_tables.read(where, Path(audio) if audio else where.parent))
    else:
        entries = list(read_csv(where, [Path(p) for p in (audio, where.parent) if p]))
    if not entries:
        raise Problem(
            f"{where} names no sound", "expected a table with rows, pairs 1.wav + 1.txt or class folders", HELP
        )
    entries = merged(entries)
    if not overlap:
        refuse_overlap(entries)
    return entries


def read_folder(folder: Path) -> Iterable[Entry]:
    """Entries of a folder: its metadata.csv, or sounds beside texts of the same name, or one folder per class."""
    if (folder / "metadata.csv").is_file():
        return read_csv(folder / "metadata.csv", [folder])
    sounds = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SOUND_SUFFIXES)
    if any(p.with_suffix(".txt").is_file() for p in sounds):
        return [pair(folder, sound) for sound in sounds]
    if any(p.parent == folder for p in sounds):
        return named(folder, sounds)
    return [entry_of(folder, sound, words(sound.parent.name), label=sound.parent.name) for sound in sounds]


def named(folder: Path, sounds: list[Path]) -> list[Entry]:
    """Entries of sounds that nobody described, captioned by their names; says so."""
    texts = [named_after(sound, folder) for sound in sounds]
    log.warning(
        "%d sounds have no captions and are named after their files and folders, such as %r (%d names); "
        "for better ones write %s (file_name,caption) or a text file beside each sound",
        *(len(sounds), texts[0], len(set(texts)), folder / "metadata.csv"),
    )
    return [entry_of(folder, sound, text, label=text) for sound, text in zip(sounds, texts, strict=True)]


def pair(folder: Path, sound: Path) -> Entry:
    """One sound with the text file beside it: every line that is not blank is a caption."""
    try:
        text = sound.with_suffix(".txt").read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        text = ""
    except UnicodeDecodeError as error:
        raise Problem(f"{sound.with_suffix('.txt')} is not UTF-8 text", "expected UTF-8", "save it as UTF-8") from error
    captions = tuple(clean_text(line) for line in text.splitlines() if line.strip())
    return replace(entry_of(folder, sound, ""), captions=captions)


def entry_of(folder: Path, sound: Path, caption: str, label: str = "") -> Entry:
    name = sound.relative_to(folder).with_suffix("").as_posix()
    return Entry(clip_id=name, path=str(sound), captions=(caption,), label=label, recording=name, origin=str(folder))


def read_csv(table: Path, roots: list[Path]) -> Iterable[Entry]:
    """Entries of a ``file_name,caption,…`` table; a missing file becomes an entry too, so that it is counted."""
    for number, (line, row) in enumerate(read_table(table)):
        if number == 0:
            check_columns(table, row)
        yield entry_of_row(table, line, row, roots)


def check_columns(table: Path, row: dict[str, str]) -> None:
    for wanted in ("file_name", "caption"):
        known = COLUMNS[wanted] + (SPECIES if wanted == "caption" else ())
        if not any(name in row for name in known):
            raise Problem(
                f"{table.name} has the columns {', '.join(row)}",
                f"expected a column {wanted} (or {', '.join(known[1:])})",
                "expected header: file_name,caption,label,licence,source,attribution",
            )


def entry_of_row(table: Path, line: int, row: dict[str, str], roots: list[Path]) -> Entry:
    value = {name: next((row[c] for c in names if row.get(c)), "") for name, names in COLUMNS.items()}
    value |= {name: row.get(name, "") for name in SAME_NAME}
    name = value.pop("file_name")
    path = str(located(table, line, name, roots))
    stem = Path(name.removeprefix("audio/")).with_suffix("").as_posix()
    caption, *further = [clean_text(value.pop("caption"))]
    if not any(name in row for name in COLUMNS["caption"]):
        about = {key: next((row[c] for c in names if row.get(c)), "") for key, names in ABOUT_SPECIES.items()}
        caption, *further = species_captions(**about) if about["species"] else [""]
    value["start_s"] = seconds_of(table, line, value["start_s"])
    value["clip_id"] = value["clip_id"] or (stem if not value["start_s"] else f"{stem}@{value['start_s']:g}")
    value["recording"] = value["recording"] or stem
    seconds = seconds_of(table, line, row["seconds"]) if row.get("seconds") else None
    wordings = [caption, *further, *(clean_text(text) for text in row.get("more_captions", "").split("|"))]
    captions = tuple(dict.fromkeys(text for text in wordings if text))
    return Entry(path=path, captions=captions, seconds=seconds, origin=str(table), row=line, **value)


def seconds_of(table: Path, line: int, text: str) -> float:
    try:
        return float(text or 0)
    except ValueError as error:
        raise Problem(
            f"{table.name} line {line}: {text!r} is no time", "expected seconds such as 12.5", REMEDY
        ) from error


def located(table: Path, line: int, name: str, roots: list[Path]) -> Path:
    """The file under the first root that has it (under the first root if none has); never outside the roots."""
    for root in roots:
        if Path(name).is_absolute() or ".." in Path(name).parts or not name:
            raise Problem(f"{table.name} line {line}: {name!r} leaves the folder", "expected a file inside it", REMEDY)
        if (root / name).is_file():
            return root / name
    return roots[0] / name


def merged(entries: list[Entry]) -> list[Entry]:
    """One entry for each clip id, with the captions of all its rows in order; an exact repeat warns."""
    found: dict[str, Entry] = {}
    for entry in entries:
        old = found.setdefault(entry.clip_id, entry)
        if old is entry:
            continue
        if (old.path, old.start_s) != (entry.path, entry.start_s):
            raise Problem(
                f"{entry.place()} repeats the id {entry.clip_id!r} of {old.place()}", "expected own ids", REMEDY
            )
        fresh = tuple(caption for caption in entry.captions if caption not in old.captions)
        if not fresh:
            log.warning("%s repeats %s: counted once", entry.place(), old.place())
        found[entry.clip_id] = replace(old, captions=old.captions + fresh)
    return list(found.values())


def refuse_overlap(entries: list[Entry]) -> None:
    """Raise Problem when the table itself puts one recording into two splits."""
    first: dict[str, Entry] = {}
    for entry in entries:
        old = first.setdefault(entry.recording, entry) if entry.split else entry
        if old.split != entry.split:
            raise Problem(
                f"{old.place()} ({old.split}) and {entry.place()} ({entry.split}) are the recording {entry.recording}",
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
