"""What is wanted in a dataset: one entry names one sound file (or a part of it) and says everything known about it."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from spectrogram import json_text
from spectrogram.files import json_file
from spectrogram.problems import Problem

SPLIT_NAMES = {"val": "validation", "valid": "validation", "dev": "validation", "development": "validation"}
SPLIT_NAMES |= {"training": "train", "testing": "test", "eval": "test", "evaluation": "test"}
SPLITS = {"train", "validation", "test", *SPLIT_NAMES}


@dataclass(frozen=True)
class Entry:
    """One sound that somebody asked for, before it is opened.

    ``captions`` holds at least one text, the first is the main one; ``recording`` names the original recording
    (all clips of it stay in one split); ``start_s``/``seconds`` cut a part out of the file, None = to its end;
    ``augmentation`` is the recipe of a varied copy (JSON), empty for an original; ``events`` says what sounds when in
    the file (a JSON list of label, onset_s, offset_s, perhaps low_hz, high_hz, phrase, role); ``about`` names species,
    place, rating and kind; ``row`` is the 1-based line of ``origin`` that asked for it, for error messages.
    """

    clip_id: str
    path: str
    captions: tuple[str, ...]
    label: str = ""
    source: str = ""
    licence: str = ""
    attribution: str = ""
    recording: str = ""
    split: str = ""
    start_s: float = 0.0
    seconds: float | None = None
    sha256: str = ""
    augmentation: str = ""
    events: str = ""
    about: str = ""
    origin: str = ""
    row: int = 0

    def place(self) -> str:
        """``metadata.csv row 12``: where a person finds this entry."""
        return f"{Path(self.origin).name} row {self.row}" if self.row else Path(self.path).name

    def name(self) -> str:
        """The file as it is told to others: below its table's folder, never where that lies on this machine."""
        folder = Path(self.origin) if not self.row else Path(self.origin).parent
        return (
            Path(self.path).relative_to(folder).as_posix()
            if Path(self.path).is_relative_to(folder)
            else Path(self.path).name
        )

    def to_json(self) -> str:
        return json_text.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, line: str) -> Entry:
        return json_file.parse(line, cls, "a planned entry", "remove the hidden work folder beside the dataset")


def clean_text(text: str) -> str:
    """The text in NFC with the blanks around it removed; every word, quote and emoji stays."""
    return unicodedata.normalize("NFC", text).strip()


def event(label: str, onset_s: float, offset_s: float, low_hz: float | None, high_hz: float | None) -> str:
    """``events`` of an entry that is one annotated sound; "" where nothing is named or it lasts no time."""
    if not label or offset_s <= onset_s:
        return ""
    box = {name: value for name, value in (("low_hz", low_hz), ("high_hz", high_hz)) if value is not None}
    return json_text.dumps([{"label": label, "onset_s": onset_s, "offset_s": offset_s, **box}], ensure_ascii=False)


def checked_split(text: str) -> str:
    """A split as the dataset names it (``dev`` is ``validation``); raises Problem for what is no plain word.

    It becomes part of a file's name, and ``datasets`` accepts letters, digits and underscores alone.
    """
    name = text.strip()
    name = SPLIT_NAMES.get(name.casefold(), name.casefold() if name.casefold() in SPLITS else name)
    if name and not re.fullmatch(r"\w{1,60}", name, re.ASCII):
        raise Problem(f"{text[:60]!r} is no split", "expected train, validation, test or a plain word", "correct it")
    return name


def splits_of_folders(names: set[str]) -> dict[str, str]:
    """The split that each folder at the top stands for; {} where they are not all splits, or one alone but train.

    ``dev`` and ``development`` are the validation of a set that has a train folder, else (Clotho, DCASE, FSD50K) what
    is trained on.
    """
    if not names or not all(name.casefold() in SPLITS for name in names):
        return {}
    found = {name: checked_split(name) for name in names}
    if "train" not in found.values():
        found |= {name: "train" for name in names if name.casefold().startswith("dev")}
    return found if len(found) > 1 or "train" in found.values() else {}


def top_of(folder: Path, sounds: Sequence[Path]) -> Path:
    """Where folders of splits lie: the folder itself, or the one folder (``data``) in it that holds all sounds."""
    while True:
        parts = {path.relative_to(folder).parts for path in sounds}
        below = {own[0] for own in parts}
        if len(below) != 1 or any(len(own) <= 2 for own in parts) or below <= SPLITS:
            return folder
        folder = folder / below.pop()


def order_key(seed: int, clip_id: str) -> str:
    """A hash that shuffles entries the same way on every machine, whatever order they arrive in."""
    return hashlib.sha256(f"{seed}|{clip_id}".encode()).hexdigest()


def fingerprint_of_file(path: str) -> str:
    """Size and change time of a file as text: finished work is only reused while both are unchanged."""
    try:
        facts = Path(path).stat()
    except OSError:
        return "absent"
    return f"{facts.st_size}-{facts.st_mtime_ns}"
