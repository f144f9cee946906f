"""Annotation files beside recordings (Raven, Audacity, BirdNET, JAMS): each annotation is a clip, cut where it says."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from dataset_builder.intake.entries import Entry, clean_text, event
from dataset_builder.intake.names import words
from dataset_builder.intake.rows import part_id
from spectrogram.files.annotations import kind_of, read_annotations
from spectrogram.files.endings import SOUNDS
from spectrogram.files.texts import encodings
from spectrogram.problems import Problem

# Of field.flac: field.Table.1.selections.txt, field.BirdNET.results.csv, field.labels.txt, field.jams, field.txt.
ENDING = re.compile(
    r"(\.table\.\d+)?\.selections\.txt|\.birdnet\.[\w.]+|\.labels?\.txt|\.annotations\.csv|\.(jams|csv|tsv|txt)",
    re.IGNORECASE,
)


def annotation_files(files: Iterable[Path]) -> dict[tuple[Path, str], list[Path]]:
    """Files that hold annotations by (folder, name of the recording without its ending)."""
    found = defaultdict(list)
    for path in files:
        ending = re.search(f"({ENDING.pattern})$", path.name, re.IGNORECASE)
        if ending and ending.start() and is_annotations(path):
            found[path.parent, path.name[: ending.start()]].append(path)
    return found


def is_annotations(path: Path) -> bool:
    try:
        return kind_of(encodings.text_of(path)[:4096]) is not None
    except Problem:
        return False


def recording_of(path: Path, folders: list[Path]) -> Path | None:
    """The recording that an annotation file is named after; None where the file itself names its recordings."""
    if re.search(
        r"begin (file|path)|(^|[,\t])\W?file\W?([,\t]|$)", encodings.text_of(path).split("\n", 1)[0], re.IGNORECASE
    ):
        return None
    ((_, stem),) = annotation_files([path]) or [(path, path.stem)]
    beside = (one for folder in folders for one in sorted(folder.glob("*")) if one.stem == stem and one != path)
    return next((one for one in beside if one.suffix.lower() in SOUNDS and one.is_file()), None)


def annotated(sound: Path, texts: list[Path], folder: Path, split: str = "") -> list[Entry]:
    """An entry for each annotation of a recording, in the order of their beginnings."""
    stem = clean_text(sound.relative_to(folder).with_suffix("").as_posix())
    found = [(path, one) for path in texts for one in read_annotations(path)]
    return [
        Entry(
            clip_id=part_id(stem, one.onset_s),
            path=str(sound),
            captions=(clean_text(words(one.label)),) if one.label else (),
            label=clean_text(one.label),
            recording=stem,
            split=split,
            start_s=one.onset_s,
            seconds=round(one.offset_s - one.onset_s, 9),
            events=event(clean_text(one.label), one.onset_s, one.offset_s, one.low_hz, one.high_hz),
            origin=str(path),
        )
        for path, one in found
    ]
