"""A set of clips to be measured, read from a folder of audio, a metadata.csv or a dataset folder of this project."""

import logging
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from spectrogram.files import dataset_folder, tables
from spectrogram.files.endings import SOUNDS
from spectrogram.files.named_files import NamedFiles, sounds_below, without_ending
from spectrogram.problems import Problem

log = logging.getLogger(__name__)


class CollectionProblem(Problem):
    """A folder from which no set of clips can be read."""


@dataclass(frozen=True)
class Sound:
    """One clip: its name pairs it with the clip of the same name in the other set."""

    name: str
    path: Path
    label: str = ""
    caption: str = ""


def read_collection(source) -> list[Sound]:
    """The clips of SOURCE sorted by name: a dataset's rows, else those of metadata.csv (or .jsonl …), else all.

    Names are paths below the folder without suffix, clip ids in a dataset. Raises CollectionProblem for an empty or
    missing folder and for two clips of one name.
    """
    source = Path(source)
    metadata = [path for suffix in tables.SUFFIXES if (path := source / f"metadata{suffix}").is_file()]
    if source.is_file() and source.suffix in tables.SUFFIXES:
        sounds = _from_metadata(source)
    elif dataset_folder.is_dataset(source):
        sounds = _from_dataset(source)
    elif metadata:
        sounds = _from_metadata(metadata[0])
    elif source.is_dir():
        sounds = _from_folder(source)
    else:
        raise CollectionProblem(f"{source} does not exist", "a folder of audio files", "check the path")
    return sorted(_with_unique_names(sounds, source), key=lambda sound: sound.name)


def sounds_of_paths(paths) -> list[Sound]:
    """Clips from a list of files, or of one folder; named by file name without suffix.

    Where two files of a list have one name, all are named by their path below the folder that holds them all.
    """
    paths = [Path(path) for path in paths]
    if len(paths) == 1 and (paths[0].is_dir() or paths[0].suffix in tables.SUFFIXES):
        return read_collection(paths[0])
    names = [path.stem for path in paths]
    if len(set(names)) < len(names) == len(set(paths)):
        above = os.path.commonpath([path.absolute().parent for path in paths])
        names = [without_ending(path.absolute().relative_to(above).as_posix()) for path in paths]
    sounds = [Sound(name, path) for name, path in zip(names, paths, strict=True)]
    return sorted(_with_unique_names(sounds, "the list of files"), key=lambda sound: sound.name)


def _tables_of(folder: Path) -> list[Path]:
    return [folder / f"metadata{suffix}" for suffix in tables.SUFFIXES]


def pair_by_name(generated: list[Sound], reference: list[Sound]) -> tuple[list[tuple[Sound, Sound]], list[str]]:
    """Pairs (generated, reference) of one name, in order of name, and the names without a partner.

    Raises CollectionProblem when no name is in both.
    """
    one, two = ({sound.name: sound for sound in sounds} for sounds in (generated, reference))
    names = sorted(one.keys() & two.keys())
    if not names:
        raise CollectionProblem(
            f"no name is in both sets (first of each: {min(one)!r}, {min(two)!r})",
            "generated clips named like their reference clips",
            "rename the files",
        )
    return [(one[name], two[name]) for name in names], sorted(one.keys() ^ two.keys())


def _from_folder(folder: Path) -> list[Sound]:
    paths = sounds_below(folder)
    names = [without_ending(path.relative_to(folder).as_posix()) for path in paths]
    # A folder that holds all its sounds in audio/, as a table would name them: that word tells no clip from another.
    prefix = "audio/" if all(name.startswith("audio/") for name in names) else ""
    return [Sound(name.removeprefix(prefix), path) for name, path in zip(names, paths, strict=True)]


def _from_metadata(path: Path) -> list[Sound]:
    """The clips of a table, each once: further rows of a file are further captions, which no metric reads."""
    table, files = tables.read(path), NamedFiles([path.parent])
    table.require("file_name")
    columns = [table.column(name) for name in ("file_name", "label", "caption")]
    sounds: dict[Path, Sound] = {}
    for line, row in table:
        name, label, caption = (_text(row[column]) if column else "" for column in columns)
        try:
            found = files.find(name)
        except Problem as problem:
            raise CollectionProblem(
                f"{path.name} line {line}: {problem.what}", problem.expected, problem.remedy
            ) from problem
        relative = found.name if found else name.replace("\\", "/").lstrip("/")
        own = found.path if found else path.parent / Path(relative).name
        sounds.setdefault(own, Sound(without_ending(relative.removeprefix("audio/")), own, label, caption))
    others = [one for one in files.relatives if one.suffix.lower() in SOUNDS and path.parent / one not in sounds]
    if others:
        log.warning("%d sounds beside %s are in no row and are left out, such as %s", len(others), path, others[0])
    return list(sounds.values())


def _text(cell: tables.Cell) -> str:
    return cell if isinstance(cell, str) else (cell[0] if cell else "")


def _from_dataset(dataset: Path) -> list[Sound]:
    """Every clip of the default config, of all splits; the bytes lie in a temporary folder until this process ends."""
    folder = Path(_unpacked().name) / f"set{len(list(Path(_unpacked().name).iterdir()))}"
    folder.mkdir()
    sounds = []
    for row in dataset_folder.rows(dataset_folder.shards(dataset), ("audio", "clip_id", "label", "caption")):
        name = str(row.get("clip_id") or f"{len(sounds):06d}")
        data = (row.get("audio") or {}).get("bytes")
        if not data:
            raise CollectionProblem(f"the clip {name} of {dataset} has no sound", "a dataset with sounds", "build it")
        path = folder / f"{len(sounds):06d}.flac"
        path.write_bytes(data)
        sounds.append(Sound(name, path, row.get("label") or "", row.get("caption") or ""))
    return sounds


_temporary: list[tempfile.TemporaryDirectory] = []


def _unpacked() -> tempfile.TemporaryDirectory:
    if not _temporary:
        _temporary.append(tempfile.TemporaryDirectory(prefix="sd-audio-clips-"))
    return _temporary[0]


def _with_unique_names(sounds: list[Sound], source) -> list[Sound]:
    if not sounds:
        raise CollectionProblem(f"{source} holds no audio", f"files {', '.join(SOUNDS)}", "check the folder")
    seen: dict[str, Sound] = {}
    for sound in sounds:
        if sound.name in seen:
            raise CollectionProblem(
                f"{source} holds two clips named {sound.name!r} ({seen[sound.name].path.name}, {sound.path.name})",
                "one clip a name, or pairs would be ambiguous",
                "rename or remove one",
            )
        seen[sound.name] = sound
    return sounds
