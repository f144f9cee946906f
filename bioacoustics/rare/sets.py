"""The few recordings that teach, the others that test, and tables of either for the other commands."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import defaultdict
from pathlib import Path

from bioacoustics.classifiers.clips import ClipsProblem, labels_of
from dataset_builder.intake.entries import Entry
from spectrogram.files import atomic

COLUMNS = ("file_name", "caption", "label", "licence", "source", "attribution", "source_id", "split")


def few_and_test(
    entries: list[Entry], clips: int, classes: tuple[str, ...] = (), seed: int = 0
) -> tuple[dict[str, list[Entry]], dict[str, list[Entry]]]:
    """({class: the few}, {class: the test}), one clip a recording among the few, no recording in both.

    Args:
        entries: clips with one label each; those with several or none are left out.
        clips: recordings a class that teach.
        classes: which; empty takes every class with at least ``clips`` + 2 recordings.
        seed: chooses the few.
    Raises:
        ClipsProblem: fewer than two classes have enough recordings.
    """
    by_class: dict[str, dict[str, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    for entry in entries:
        own = labels_of(entry)
        if len(own) == 1 and (not classes or own[0] in classes):
            by_class[own[0]][entry.recording or entry.clip_id].append(entry)
    few, test = {}, {}
    for name, recordings in sorted(by_class.items()):
        order = sorted(recordings, key=lambda one: hashlib.sha256(f"{seed}|{one}".encode()).hexdigest())
        if len(order) >= clips + 2:
            few[name] = [recordings[one][0] for one in order[:clips]]
            test[name] = [entry for one in order[clips:] for entry in recordings[one]]
    shared = {e.recording for own in few.values() for e in own} & {e.recording for own in test.values() for e in own}
    if shared:
        # A recording of two classes may teach one and test the other: then it teaches alone.
        test = {name: [e for e in own if e.recording not in shared] for name, own in test.items()}
    if len(few) < 2:
        raise ClipsProblem(
            f"{len(few)} classes have {clips + 2} recordings",
            f"two or more ({clips} to learn from, 2 to test)",
            "add some",
        )
    return few, test


def write_table(path: Path, entries: list[Entry], split: str = "") -> Path:
    """A metadata.csv of entries; file names are relative to the file system's root, for ``--audio /``."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        name = Path(entry.path).resolve().relative_to(Path(entry.path).resolve().anchor).as_posix()
        facts = (entry.label, entry.licence, entry.source, entry.attribution, entry.recording, split or entry.split)
        writer.writerow((name, entry.captions[0] if entry.captions else caption_of(entry.label), *facts))
    path.parent.mkdir(parents=True, exist_ok=True)
    return atomic.write_text(path, text.getvalue())


def caption_of(label: str) -> str:
    return "the sound of " + label.split(":")[-1].replace("_", " ")
