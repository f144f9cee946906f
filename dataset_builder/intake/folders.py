"""Folders of sounds as people keep them, as entries; every file that is not used is named with the reason.

In this order: metadata tables (``datasets``' AudioFolder, one for all or one in each split's folder); annotation files
beside recordings; texts beside the sounds (``1.txt``, kohya's ``1.caption``, LAION's ``1.json``); one folder a class
(kohya's ``10_name`` too); sounds alone, named after their files.  Folders train, validation and test around any of
these are splits.
"""

from __future__ import annotations

import logging
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from dataset_builder.intake.annotated import annotated, annotation_files
from dataset_builder.intake.entries import Entry, clean_text, splits_of_folders, top_of
from dataset_builder.intake.layouts import columns_of, layout_of
from dataset_builder.intake.names import named_after, words
from dataset_builder.intake.rows import TableReader
from spectrogram import json_text
from spectrogram.files import tables
from spectrogram.files.endings import is_sound_name
from spectrogram.files.named_files import visible_files
from spectrogram.files.texts import encodings
from spectrogram.problems import Problem

log = logging.getLogger(__name__)

TEXT_SUFFIXES = (".txt", ".caption", ".json")
TABLE_SUFFIXES = (*tables.SUFFIXES, ".json")
LONGEST_TEXT_BYTES = 1 << 20
LONGEST_PATH_BYTES = 1000
REPEATS = re.compile(r"\d+_(?=\D)")
# What lies beside a collection and says nothing about one sound.
ABOUT_ALL = re.compile(r"(readme|license|licence|copying|changelog|citation|credits).*", re.IGNORECASE)


@dataclass
class Intake:
    """What was found: ``entries``, ``unused`` files (name below the folder -> why), and of how many others (tables,
    captions, annotations) something was ``read``."""

    entries: list[Entry] = field(default_factory=list)
    unused: dict[str, str] = field(default_factory=dict)
    read: int = 0

    def sentence(self) -> str:
        """``4 files are not used: 3 in no table (a.wav, b.wav, c.wav); 1 neither sound nor text (notes.pdf)``."""
        if not self.unused:
            return ""
        parts = []
        for reason, count in Counter(self.unused.values()).most_common():
            names = [name for name, why in self.unused.items() if why == reason]
            shown = ", ".join(names[:3]) + (", …" if count > 3 else "")
            parts.append(f"{count} {reason} ({shown})")
        many = "1 file is" if len(self.unused) == 1 else f"{len(self.unused)} files are"
        return f"{many} not used: {'; '.join(parts)}"


def read_folder(folder: Path) -> Intake:
    """Entries of a folder, and what in it is no part of them."""
    files = list(visible_files(folder))
    here = Files(folder, [path for path in files if path.is_file()])
    found = here.by_tables() if here.metadata else here.by_one_table() or here.by_names()
    reasons = {path: no_file(path) for path in files if not path.is_file()}
    reasons |= {path: here.reason(path) for path in here.left(found)}
    names = {path: path.relative_to(folder).as_posix() for path in reasons}
    return Intake(found, {names[path]: reasons[path] for path in sorted(reasons)}, len(here.used))


def no_file(path: Path) -> str:
    """Why something that is no file is not used."""
    if path.is_dir():
        return "links to folders that are read already" if path.is_symlink() else "folders that cannot be opened"
    return "links to nothing" if path.is_symlink() else "no plain file"


class Files:
    """The files of one folder by what they are; ``used`` gathers those that something was read from."""

    def __init__(self, folder: Path, files: list[Path]) -> None:
        self.folder, self.files, self.used = folder, files, set()
        self.sounds = [path for path in files if is_sound_name(path)]
        self.there = set(files)
        named = [path for path in files if path.stem.lower() == "metadata" and path.suffix.lower() in TABLE_SUFFIXES]
        # Of two forms of one table (metadata.csv, metadata.jsonl) the first is read, the other named.
        self.metadata = list({path.parent: path for path in reversed(named)}.values())[::-1]
        self.top = top_of(folder, self.sounds)
        self.splits = self.split_folders()
        # What says which sound is what, where it is not the sounds' own names.
        self.decided_by = "a table is" if self.metadata else "annotations are"

    @cached_property
    def annotations(self) -> dict[tuple[Path, str], list[Path]]:
        return annotation_files(self.files)

    @cached_property
    def beside(self) -> dict[Path, str]:
        """The files that say something about a sound of their own name -> what they are."""
        found = {path: "captions" for sound in self.sounds for path in self.texts_of(sound)}
        marked = (self.annotations.get((sound.parent, sound.stem), ()) for sound in self.sounds)
        return found | {path: "annotations" for paths in marked for path in paths}

    def split_folders(self) -> dict[str, str]:
        """The split of every folder at the top, where all that hold sounds are named like one; else {}."""
        if any(path.parent == self.top for path in self.sounds):
            return {}
        return splits_of_folders({path.relative_to(self.top).parts[0] for path in self.sounds})

    def split_of(self, path: Path) -> str:
        return self.splits.get(self.parts(path)[0], "") if len(self.parts(path)) > 1 else ""

    def parts(self, path: Path) -> tuple[str, ...]:
        """A path below the top folder, in parts; () for what lies elsewhere."""
        return path.relative_to(self.top).parts if path.is_relative_to(self.top) else ()

    def left(self, entries: Iterable[Entry]) -> list[Path]:
        used = self.used | {Path(entry.path) for entry in entries}
        return [path for path in self.files if path not in used]

    def reason(self, path: Path) -> str:
        """Why a file is not used."""
        if path in self.sounds:
            return "in no table" if self.decided_by == "a table is" else "without annotations"
        if path in self.beside:
            return f"{self.beside[path]}, because {self.decided_by} read"
        if path.suffix.lower() in TABLE_SUFFIXES:
            return "no table that is read"
        if path.suffix.lower() in TEXT_SUFFIXES and not ABOUT_ALL.fullmatch(path.name):
            return "texts without a sound of that name"
        return (
            "links that were saved as text: copy what they name"
            if self.is_link_text(path)
            else "neither sound nor text"
        )

    @staticmethod
    def is_link_text(path: Path) -> bool:
        """What git writes for a link where the system has none: a file that holds the path of a folder and no more."""
        if path.suffix or path.stat().st_size > LONGEST_PATH_BYTES:
            return False
        target = path.read_bytes().decode("utf-8", errors="replace").strip()
        return bool(target) and "\n" not in target and "\0" not in target and os.path.isdir(path.parent / target)

    # ---- tables

    def by_tables(self) -> list[Entry]:
        """Entries of the metadata tables, each in charge of its own folder."""
        return [entry for table in self.metadata for entry in self.read(table)]

    def read(self, path: Path) -> Iterator[Entry]:
        reader = TableReader(tables.read(path), [path.parent, *[self.folder] * (path.parent != self.folder)], path)
        self.used.add(path)
        below = path.parent.relative_to(self.folder).as_posix() if path in self.metadata else "."
        for entry in reader.entries():
            own = Path(entry.path)
            split = entry.split or (self.split_of(own) if own in self.there else self.split_of(path))
            if below != ".":
                # Names of a table in a subfolder begin there; ids are those of the whole folder.
                own_name = f"{below}/{entry.clip_id}"
                recording = (
                    f"{below}/{entry.recording}" if entry.clip_id.startswith(entry.recording) else entry.recording
                )
                entry = replace(entry, clip_id=own_name, recording=recording)
            yield replace(entry, split=split)

    def by_one_table(self) -> list[Entry]:
        """Entries of the one table of another name that says which sound is what; several are a question."""
        if any(self.texts_of(s) or self.annotations.get((s.parent, s.stem)) for s in self.sounds):
            return []
        candidates = [path for path in self.files if path.suffix.lower() in TABLE_SUFFIXES and self.says_what(path)]
        if len(candidates) > 1:
            names = ", ".join(path.relative_to(self.folder).as_posix() for path in candidates[:6])
            raise Problem(
                f"{self.folder} holds {len(candidates)} tables ({names})",
                "expected one, or metadata.csv",
                "give one of them, with --audio FOLDER for the sounds",
            )
        if not candidates:
            return []
        name = candidates[0].relative_to(self.folder).as_posix()
        self.decided_by = "a table is"
        log.warning("the captions are read from %s; for the folder without it give the sounds' folder alone", name)
        return list(self.read(candidates[0]))

    def says_what(self, path: Path) -> bool:
        try:
            table = tables.read(path)
            columns, layout = columns_of(table, layout_of(table)), layout_of(table)
        except Problem:
            return False
        return bool(
            (columns["file_name"] or layout.files) and (columns["caption"] or columns["captions"] or columns["label"])
        )

    # ---- names and texts

    def by_names(self) -> list[Entry]:
        """Entries of annotations, of sounds with texts beside them, of classes, or named after their files."""
        marked = {sound: found for sound in self.sounds if (found := self.annotations.get((sound.parent, sound.stem)))}
        if marked:
            return self.by_annotations(marked)
        texts = {sound: found for sound in self.sounds if (found := self.texts_of(sound))}
        self.used.update(path for found in texts.values() for path in found)
        if texts:
            return self.with_texts(texts)
        classed = [sound for sound in self.sounds if self.class_of(sound)]
        alone = {sound: named_after(sound, self.folder) for sound in self.sounds if sound not in set(classed)}
        if alone:
            log.warning(
                "%d sounds have no captions and are named after their files and folders, such as %r (%d names); "
                "for better ones write %s (file_name,caption) or a text file beside each sound",
                *(len(alone), next(iter(alone.values())), len(set(alone.values())), self.folder / "metadata.csv"),
            )
        if any(REPEATS.match(sound.parent.name) for sound in classed):
            log.warning("numbers before class folders, such as 10_name, are taken for repeats and left out")
        if self.splits and not self.metadata:
            log.warning("the folders train, validation and test are taken for splits, not for classes")
        return [
            self.entry(sound, alone.get(sound) or words(self.class_of(sound)), alone.get(sound))
            for sound in self.sounds
        ]

    def by_annotations(self, marked: dict[Path, list[Path]]) -> list[Entry]:
        """The annotated parts of recordings; a recording without annotations is named as not used."""
        self.used.update(path for found in marked.values() for path in found)
        every = [annotated(sound, texts, self.folder, self.split_of(sound)) for sound, texts in marked.items()]
        log.warning("the clips are cut where the annotations of %d recordings say", len(marked))
        return [entry for own in every for entry in own]

    def with_texts(self, texts: dict[Path, list[Path]]) -> list[Entry]:
        """Sounds with the texts beside them; one without has its class's words, or no caption (which is counted)."""
        bare = [sound for sound in self.sounds if sound not in texts]
        if bare:
            named = sum(bool(self.class_of(sound)) for sound in bare)
            log.warning(
                "%d sounds have no text beside them: %d of them are captioned by their folder", len(bare), named
            )
        return [
            replace(self.entry(sound, ""), captions=self.captions(texts[sound]))
            if sound in texts
            else self.entry(sound, words(self.class_of(sound)))
            for sound in self.sounds
        ]

    def texts_of(self, sound: Path) -> list[Path]:
        """Texts called like the sound, without its ending (``1.txt``) or with it (``1.wav.txt``)."""
        beside = [sound.parent / f"{name}{suffix}" for name in (sound.stem, sound.name) for suffix in TEXT_SUFFIXES]
        return [self.written[folded(path)] for path in beside if folded(path) in self.written]

    @cached_property
    def written(self) -> dict[tuple[Path, str], Path]:
        """Text files by folder and name, whatever the case of their ending."""
        return {folded(path): path for path in self.files if path.suffix.lower() in TEXT_SUFFIXES}

    def captions(self, texts: list[Path]) -> tuple[str, ...]:
        found = [
            text for path in texts for text in (json_texts(path) if path.suffix.lower() == ".json" else lines_of(path))
        ]
        return tuple(dict.fromkeys(text for one in found if (text := clean_text(one))))

    def class_of(self, sound: Path) -> str:
        """The folder that names a sound's class, without kohya's number of repeats; "" at the top."""
        parts = self.parts(sound)[1:-1] if self.splits else sound.relative_to(self.folder).parts[:-1]
        return REPEATS.sub("", parts[-1], count=1) if parts else ""

    def entry(self, sound: Path, caption: str, label: str | None = None) -> Entry:
        name = sound.relative_to(self.folder).with_suffix("").as_posix()
        return Entry(
            clip_id=clean_text(name),
            path=str(sound),
            captions=(caption,) if caption else (),
            label=label or self.class_of(sound),
            recording=clean_text(name),
            split=self.split_of(sound),
            origin=str(self.folder),
        )


def folded(path: Path) -> tuple[Path, str]:
    return path.parent, path.stem + path.suffix.lower()


def lines_of(path: Path) -> list[str]:
    """Every line of a text file that is not blank; raises Problem for what is no text."""
    if path.stat().st_size > LONGEST_TEXT_BYTES:
        raise Problem(f"{path.name} has {path.stat().st_size:,} bytes", "a caption a line", "remove or shorten it")
    return [line for line in encodings.text_of(path).splitlines() if line.strip()]


def json_texts(path: Path) -> list[str]:
    """The captions in a sound's own JSON file (LAION: {"text": …}), in its order."""
    try:
        facts = json_text.parsed("\n".join(lines_of(path)) or "{}")
    except ValueError as error:
        raise Problem(f"{path.name} is no JSON ({str(error)[:80]})", 'expected {"text": "…"}', "correct it") from error
    by_key = {tables.key(name): value for name, value in facts.items()} if isinstance(facts, dict) else {}
    value = next((by_key[name] for name in tables.ALIASES["caption"] if by_key.get(name)), [])
    return [str(text) for text in (value if isinstance(value, list) else [value])]
