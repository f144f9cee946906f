"""Rows of a table as entries: which file is meant, what is said about it, and which part of it."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterator
from pathlib import Path

from dataset_builder.intake.entries import Entry, checked_split, clean_text, event
from dataset_builder.intake.layouts import Layout, columns_of, layout_of
from dataset_builder.intake.names import species_captions, words
from spectrogram import json_text
from spectrogram.files.named_files import NamedFiles, without_ending
from spectrogram.files.tables import ALIASES, SPECIES, Cell, Table, key
from spectrogram.files.texts.encodings import REMEDY
from spectrogram.problems import Problem

log = logging.getLogger(__name__)

ABOUT = {"kind": ("type", "sound_type", "song_type", "vocalization_type"), "country": ("country", "cnt")}
# What is known of a recording beyond its label, and the columns that say it.
FURTHER = {
    "scientific_name": ("scientific_name", "latin_name"),
    "place": ("place", "locality", "loc", "country", "cnt"),
    "rating": ("rating", "quality", "q"),
    "kind": ABOUT["kind"],
}
SAME_NAME = ("clip_id", "split", "sha256", "more_captions", "events", "about")
FACTS = ("licence", "source", "attribution")
LATEST_S = 1e7
# How programs write a cell that holds nothing; as a caption none of them is a text that anybody wrote.
NO_CAPTION = {"nan", "null", "none", "n/a", "<na>", "#n/a"}
LONGEST_LABEL = 200
HEADER = "expected header: file_name,caption,label,licence,source,attribution"


class TableReader:
    """``entries`` of one table; afterwards ``used`` holds the files that it names."""

    def __init__(self, table: Table, folders: list[Path], origin: Path) -> None:
        self.table, self.origin, self.files = table, origin, NamedFiles(folders)
        self.layout: Layout = layout_of(table)
        self.columns = columns_of(table, self.layout)
        self.keys = {column: key(column) for column in table.columns}
        self.used: set[Path] = set()
        self.check()

    def check(self) -> None:
        """Raise Problem for a table that does not say which file, or nothing about it."""
        described = self.columns["caption"] + self.columns["captions"] + self.columns["label"]
        named = self.columns["file_name"] or self.layout.files
        for found, wanted in ((named, "file_name"), (described, "caption")):
            if not found:
                raise Problem(
                    f"{self.table.name} has the columns {', '.join(self.table.columns)[:300]}",
                    f"expected a column {wanted} (or {', '.join(ALIASES[wanted][1:5])}, …)",
                    HEADER,
                )

    def entries(self) -> Iterator[Entry]:
        """An entry for each row; a missing file becomes one too, so that it is counted."""
        self.say_unused()
        for line, row in self.table:
            try:
                yield self.entry(line, row)
            except Problem as problem:
                where = f"{self.table.name} line {line}"
                if problem.what.startswith(self.table.name):
                    raise
                raise Problem(f"{where}: {problem.what}", problem.expected, REMEDY) from problem
        for what, count in self.files.assumed.items():
            log.warning("%s: %d %s", self.table.name, count, what)

    def say_unused(self) -> None:
        """Name the columns that nothing is read from."""
        known = {column for columns in self.columns.values() for column in columns}
        other = (
            *SAME_NAME,
            *(name for names in (*ABOUT.values(), *FURTHER.values()) for name in names),
            "duration",
            "gen",
            "sp",
        )
        marks = {*self.layout.marks, *re.findall(r"{(\w+)}", " ".join(self.layout.files))}
        unused = [c for c in self.table.columns if c not in known and key(c) not in {*other, *marks}]
        if unused:
            log.warning("%s: columns that are not used: %s", self.table.name, ", ".join(unused)[:300])

    def entry(self, line: int, row: dict[str, Cell]) -> Entry:
        value = {meaning: first_text(row, self.columns[meaning]) for meaning in ALIASES}
        by_key = {self.keys[column]: text_of(cell) for column, cell in row.items()}
        path, stem = self.located(value["file_name"], by_key)
        start_s = seconds_of(value["start_s"], self.table.comma)
        seconds = self.length_of(value, start_s)
        if len(value["label"]) > LONGEST_LABEL:
            raise Problem(
                f"a label of {len(value['label']):,} characters",
                f"expected at most {LONGEST_LABEL}",
                "is it a caption?",
            )
        return Entry(
            clip_id=clean_text(by_key.get("clip_id", "")) or part_id(stem, start_s),
            path=str(path),
            captions=self.captions(row, value["label"], by_key),
            label=clean_text(value["label"]),
            recording=clean_text(value["recording"]) or stem,
            split=checked_split(by_key.get("split", "")),
            start_s=start_s,
            seconds=seconds,
            sha256=by_key.get("sha256", ""),
            events=checked_events(by_key.get("events", "")) or self.box(value, start_s, seconds),
            about=by_key.get("about") or further_facts(by_key),
            origin=str(self.origin),
            row=line,
            **{name: clean_text(value[name]) for name in FACTS},
        )

    def located(self, name: str, by_key: dict[str, str]) -> tuple[Path, str]:
        """(file, its name without "audio/" and ending) of a row; the file it should be where none is there."""
        forms = [form for form in self.layout.files if all(by_key.get(one) for one in re.findall(r"{(\w+)}", form))]
        names = [form.format_map(by_key) for form in forms]
        tried = [*([name] if name else []), *names]
        if not tried:
            raise Problem("no file is named ('' leaves the folder)", "expected a file inside it", REMEDY)
        for one in tried:
            found = self.files.find(one)
            if found:
                self.used.add(found.path)
                return found.path, without_ending(found.name.removeprefix("audio/"))
        plain = tried[0].replace("\\", "/").rstrip("/")
        plain = plain.rsplit("/", 1)[-1] if plain.startswith("/") or plain[1:2] == ":" else plain
        return self.files.folders[0] / plain[-250:], without_ending(clean_text(plain).removeprefix("audio/"))

    def box(self, value: dict[str, str], start_s: float, seconds: float | None) -> str:
        """The one event of a row that says between which frequencies its sound lies."""
        if seconds is None or not (value["low_hz"] or value["high_hz"]):
            return ""
        low, high = (hertz_of(value[name], self.table.comma) for name in ("low_hz", "high_hz"))
        return event(clean_text(value["label"]), start_s, round(start_s + seconds, 9), low, high)

    def length_of(self, value: dict[str, str], start_s: float) -> float | None:
        if value["seconds"]:
            return seconds_of(value["seconds"], self.table.comma) or None
        if not value["end_s"]:
            return None
        seconds = seconds_of(value["end_s"], self.table.comma) - start_s
        if seconds <= 0:
            raise Problem(f"it ends ({value['end_s']}) before it begins ({value['start_s']})", "a later end", REMEDY)
        return round(seconds, 9)

    def captions(self, row: dict[str, Cell], label: str, by_key: dict[str, str]) -> tuple[str, ...]:
        """Every wording of a row in order; of a table without captions, the species or the label in words."""
        if self.columns["caption"] or self.columns["captions"]:
            spoken = next((texts for c in self.columns["caption"] if any(texts := texts_of(row[c]))), ())
            wordings = [*spoken, *(text for c in self.columns["captions"] for text in texts_of(row[c]))]
        else:
            wordings = [*described(label, by_key)]
        wordings += by_key.get("more_captions", "").split("|")
        texts = [text for one in wordings if (text := clean_text(one))]
        return tuple(dict.fromkeys(text for text in texts if text.casefold() not in NO_CAPTION))


def further_facts(by_key: dict[str, str]) -> str:
    """Scientific name, place, rating and kind of sound as JSON, empty when no column says any of them."""
    said = {name: next((by_key[one] for one in columns if by_key.get(one)), "") for name, columns in FURTHER.items()}
    said = {name: clean_text(text) for name, text in said.items() if text}
    return json_text.dumps(said, ensure_ascii=False) if said else ""


def checked_events(text: str) -> str:
    """The text, which must be empty or a JSON list of events with a label and times in their order."""
    if not text:
        return ""
    try:
        found = json_text.parsed(text)
        if isinstance(found, list) and all(one["label"] and one["onset_s"] <= one["offset_s"] for one in found):
            return text
    except (ValueError, TypeError, KeyError):
        pass
    raise Problem("events is no list of events", "expected a JSON list of label, onset_s, offset_s", REMEDY)


def described(label: str, by_key: dict[str, str]) -> tuple[str, ...]:
    """Captions of a row that has none: what the species does, or the label's words."""
    species = next((by_key[name] for name in SPECIES if by_key.get(name)), "")
    latin = [by_key.get(name, "") for name in (("gen", "sp") if by_key.get("gen") else ("genus", "specific_epithet"))]
    species = species or " ".join(filter(None, latin))
    if species:
        about = {name: next((by_key[one] for one in names if by_key.get(one)), "") for name, names in ABOUT.items()}
        return species_captions(species, **about)
    return (", ".join(filter(None, map(words, re.split(r"[,;|]", label)))),)


def first_text(row: dict[str, Cell], columns: list[str]) -> str:
    return next((text for column in columns if (text := text_of(row[column]).strip())), "")


def text_of(cell: Cell) -> str:
    return cell if isinstance(cell, str) else ", ".join(cell)


def texts_of(cell: Cell) -> tuple[str, ...]:
    return (cell,) if isinstance(cell, str) else cell


def hertz_of(text: str, comma: str) -> float | None:
    """A frequency, None for nothing.  Raises Problem."""
    plain = text.strip().replace(",", ".") if comma != "," else text.strip()
    try:
        hertz = float(plain) if plain else None
    except ValueError:
        hertz = math.nan
    if hertz is not None and not 0 <= hertz < LATEST_S:
        raise Problem(f"{text[:40]!r} is no frequency", "expected Hz such as 2500", REMEDY)
    return hertz


def part_id(stem: str, start_s: float) -> str:
    """``night@10.12341``: every digit of a start, so that two parts of a file never have one id."""
    return f"{stem}@{digits(start_s)}" if start_s else stem


def digits(seconds: float) -> str:
    return repr(seconds).removesuffix(".0")


def seconds_of(text: str, comma: str = ",") -> float:
    """Seconds of ``12.5``, ``1:02.5`` or, where commas part no cells, ``12,5``; 0 for nothing.  Raises Problem."""
    plain = text.strip()
    if comma != "," and plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    try:
        parts = [float(part) for part in plain.split(":")] if plain else [0.0]
    except ValueError:
        parts = [math.nan]
    seconds = sum(60**place * part for place, part in enumerate(reversed(parts)))
    if not (len(parts) <= 3 and 0 <= seconds < LATEST_S and min(parts) >= 0):
        raise Problem(f"{text[:40]!r} is no time", "expected seconds such as 12.5", REMEDY)
    return seconds
