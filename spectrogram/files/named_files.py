"""The file that a name in a table means, on whatever system and in whatever folder the table was written."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath, PureWindowsPath

from spectrogram.files.endings import SOUNDS, is_sound_name
from spectrogram.problems import Problem

HIDDEN = ("__MACOSX",)
LONGEST_NAME_BYTES = 255


@dataclass(frozen=True)
class Found:
    """A file, and its name as a table of this project would write it: relative, slashes, composed letters."""

    path: Path
    name: str


def visible_files(folder: Path) -> Iterator[Path]:
    """Every file below a folder, in order, and what is none but has a name there, such as a pipe; no hidden files.

    Links to folders are followed. Left out are names that begin with a dot (``._1.wav`` of a Mac) and ``__MACOSX``. A
    folder that is not entered, because it is a link to one that is entered anyway or cannot be opened, is given itself.
    """
    top, shut = os.path.realpath(folder), []
    entered = {top}
    for place, folders, files in os.walk(folder, followlinks=True, onerror=lambda error: shut.append(error.filename)):
        kept = [name for name in sorted(folders) if not is_hidden(name)]
        real = {name: os.path.realpath(os.path.join(place, name)) for name in kept}
        # A link to a folder above would never end; of a folder and the links to it, the folder itself is entered.
        again = {name for name in kept if is_above(real[name], place) or real[name] in entered}
        again |= {name for name in kept if os.path.islink(os.path.join(place, name)) and is_shown(real[name], top)}
        folders[:] = []
        for name in kept:
            if name not in again and real[name] not in entered:
                folders.append(name)
                entered.add(real[name])
        yield from (Path(place, name) for name in kept if name not in folders)
        yield from (Path(place, name) for name in sorted(files) if not name.startswith("."))
    yield from (Path(name) for name in shut)


def is_hidden(name: str) -> bool:
    return name.startswith(".") or name in HIDDEN


def is_shown(real: str, top: str) -> bool:
    """True for a folder below `top` that is walked under its own name."""
    inside = os.path.relpath(real, top).split(os.sep)
    return os.path.commonpath([real, top]) == top and not any(map(is_hidden, inside))


def sounds_below(folder) -> list[Path]:
    """All sound files below a folder, by name, numbers in their order; a pipe or a device is none."""
    return natural(path for path in visible_files(folder) if is_sound_name(path) and path.is_file())


def natural(paths: Iterable[Path]) -> list[Path]:
    """Paths by name with numbers in their order: clip_2 before clip_10."""
    return sorted(paths, key=lambda path: [_parts(part) for part in path.parts])


def _parts(name: str) -> list[tuple[bool, int, str]]:
    found = re.split(r"([0-9]+)", name)
    return [(bool(i % 2), int(text) if i % 2 else 0, text) for i, text in enumerate(found) if text]


def is_above(folder: str, place: str) -> bool:
    return os.path.commonpath([folder, os.path.realpath(place)]) == folder


def without_ending(name: str) -> str:
    """``rain.v2`` for ``rain.v2.wav`` and for ``rain.v2``: only the ending of a sound is none of the name."""
    return name[: -len(PurePosixPath(name).suffix)] if PurePosixPath(name).suffix.lower() in SOUNDS else name


class NamedFiles:
    """``find`` names below some folders; ``assumed`` counts those that were not found where they said."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self.folders = [Path(folder) for folder in folders]
        self.assumed: Counter[str] = Counter()

    def find(self, name: str) -> Found | None:
        """The file of a name, None when there is none.

        Tried in turn: as written; with the other slash; with composed or decomposed letters, another case or without
        an ending; without ``audio/`` or the folder's own name before it; in the one subfolder that has it; and of a
        path from another machine, its longest end that is there.

        Raises:
            Problem: The name leaves the folder, or fits two files.
        """
        plain = unicodedata.normalize("NFC", name.strip().replace("\\", "/"))
        parts = [part for part in PurePosixPath(plain).parts if part != "."]
        foreign = plain.startswith("/") or bool(PureWindowsPath(plain).drive)
        if not parts or ".." in parts or "\0" in plain:
            raise Problem(f"{name[:80]!r} leaves the folder", "expected a file inside it", "correct the name")
        if any(len(part.encode()) > LONGEST_NAME_BYTES for part in parts):
            return None
        if foreign:
            return self.tail(parts[1:])
        relative = "/".join(parts)
        for folder in self.folders:
            for written in (relative, name.strip()):
                if (folder / written).is_file() and not written.startswith("/"):
                    return Found(folder / written, relative)
        return self.elsewhere(relative, parts)

    def tail(self, parts: list[str]) -> Found | None:
        for start in range(len(parts)):
            relative = "/".join(parts[start:])
            found = self.at(relative)
            if found:
                self.assumed["paths of another machine, found by their ends"] += 1
                return Found(found, relative)
        return None

    def elsewhere(self, relative: str, parts: list[str]) -> Found | None:
        prefixes = {"audio", *(folder.name for folder in self.folders)}
        shorter = "/".join(parts[1:]) if parts[0] in prefixes else ""
        for name in filter(None, (relative, shorter)):
            found = self.at(name)
            if found:
                return Found(found, relative)
        for name in filter(None, (relative, shorter)):
            below = next((self.ends[key] for key in keys(name) if key in self.ends), [])
            if len(below) > 1:
                shown = " and ".join(str(path) for path in below[:2])
                raise Problem(f"{relative!r} fits {shown}", "expected one file of that name", "write its folder too")
            if below:
                self.assumed["names found in subfolders"] += 1
                return Found(self.folder_of(below[0]) / below[0], relative)
        return None

    def at(self, relative: str) -> Path | None:
        """The file of exactly that relative path but for letters' form and case, or a missing ending."""
        for wanted in keys(relative):
            found = self.places.get(wanted, [])
            if len(found) == 1:
                return self.folder_of(found[0]) / found[0]
        return None

    def folder_of(self, relative: Path) -> Path:
        return next(folder for folder in self.folders if (folder / relative).is_file())

    @cached_property
    def relatives(self) -> list[Path]:
        """Relative paths of all files; read once, and only when a name is not where it says."""
        every = ((folder, path) for folder in self.folders for path in visible_files(folder) if path.is_file())
        return list(dict.fromkeys(path.relative_to(folder) for folder, path in every))

    @cached_property
    def places(self) -> dict[str, list[Path]]:
        return index((path.as_posix(), path) for path in self.relatives)

    @cached_property
    def ends(self) -> dict[str, list[Path]]:
        """Files by every end of their path: ``c.wav`` and ``b/c.wav`` of ``a/b/c.wav``."""
        return index(("/".join(p.parts[start:]), p) for p in self.relatives for start in range(1, len(p.parts)))


def index(names: Iterable[tuple[str, Path]]) -> dict[str, list[Path]]:
    """Paths by name, and (with a dot behind) by name without a sound's ending."""
    found: dict[str, list[Path]] = defaultdict(list)
    for name, path in names:
        found[folded(name)].append(path)
        if path.suffix.lower() in SOUNDS:
            found[folded(without_ending(name)) + "."].append(path)
    return found


def keys(name: str) -> list[str]:
    """What a written name is looked up by: a name without an ending may mean a sound of any."""
    return [folded(name)] if without_ending(name) != name else [folded(name), folded(name) + "."]


def folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
