"""``python -m dataset_builder annotations SET --out LABELS``: who sounds when, in files that other programs read.

annotations recordings --formats audacity --out labels    a folder or table as for a build: Raven becomes Audacity's
annotations sd-audio-spectrograms --out labels            a dataset that was built: one file a recording

raven, audacity (with frequency lines), birdnet (times alone), opensoundscape (csv) and jams hold times from the
recording's beginning; a clip without annotations of its own is one of its label, or else of its caption.
"""

from __future__ import annotations

import argparse
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from dataset_builder.commands.arguments import add_summary, parser_for, say
from spectrogram import json_text
from spectrogram.exits import ended
from spectrogram.files.annotations import FORMATS, Annotation, write_annotations
from spectrogram.files.texts import encodings
from spectrogram.problems import SoundProblem, UsageProblem

log = logging.getLogger(__name__)

COLUMNS = ("recording", "start_s", "duration_s", "source_seconds", "events", "label", "caption", "augmentation")
# A dataset keeps times as 32-bit floats: of an hour the tenth of a millisecond is left.
DIGITS = 4


def parser() -> argparse.ArgumentParser:
    made = parser_for("annotations", __doc__)
    made.add_argument("set", type=Path, metavar="SET", help="a dataset, or a folder or table as for a build")
    made.add_argument("--audio", type=Path, metavar="DIR", help="folder that a table's file names start from")
    made.add_argument("--formats", default="raven", help=f"some of {', '.join(FORMATS)} (default: raven)")
    made.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for one file a recording")
    encodings.add_argument(made)
    add_summary(made)
    return made


def main(argv: list[str]) -> int:
    options = parser().parse_args(argv)
    return ended(lambda: run(options), encoding=options.encoding)


def run(options: argparse.Namespace) -> int:
    """Write the annotations of every recording; says how many."""
    from dataset_builder.intake.names import safe
    from spectrogram.files.dataset_folder import is_dataset

    kinds = tuple(dict.fromkeys(options.formats.split(",")))
    unknown = sorted(set(kinds) - set(FORMATS))
    if unknown:
        raise UsageProblem(f"--formats names {', '.join(unknown)}", f"some of {', '.join(FORMATS)}", "correct it")
    told = of_dataset(options.set) if is_dataset(options.set) else of_entries(options.set, options.audio)
    found, seconds = defaultdict(list), defaultdict(float)
    for recording, length_s, annotation in told:
        found[recording].append(annotation)
        seconds[recording] = max(seconds[recording], length_s)
    for recording, own in found.items():
        stem = "/".join(safe(part) for part in recording.split("/"))
        for kind in kinds:
            path = options.out / f"{stem}{FORMATS[kind]}"
            write_annotations(path, own, kind, seconds[recording], Path(recording).name)
    count = sum(map(len, found.values()))
    facts = {"out": str(options.out), "recordings": len(found), "annotations": count, "formats": list(kinds)}
    say(options.json, facts, f"{count} annotations of {len(found)} recordings in {options.out} ({', '.join(kinds)})")
    return 0


def of_entries(where: Path, audio: Path | None) -> Iterator[tuple[str, float, Annotation]]:
    """(recording, its seconds where they are known, annotation) of all that a build would read."""
    from dataset_builder.intake.captions import read_entries
    from spectrogram.files.sound_file import opened

    for entry in read_entries(where, audio, overlap=True):
        name = Path(entry.name()).with_suffix("").as_posix()
        length_s = 0.0 if entry.seconds is None else entry.start_s + entry.seconds
        if entry.seconds is None:
            try:
                with opened(entry.path) as sound:
                    length_s = sound.seconds
            except (SoundProblem, OSError) as problem:
                log.warning("%s is left out: %s", entry.place(), problem)
                continue
        events = json_text.parsed(entry.events or "[]")
        for one in events or [whole(entry.start_s, length_s, entry.label, next(iter(entry.captions), ""))]:
            yield name, length_s, annotation_of(one)


def of_dataset(dataset: Path) -> Iterator[tuple[str, float, Annotation]]:
    """The same of a dataset's default config, variations left out; times are those of the recordings."""
    from spectrogram.files.dataset_folder import SETTINGS_FILE, rows, shards

    settings = dataset / SETTINGS_FILE
    policy = json_text.parsed(settings.read_text(encoding="utf-8"))["policy"] if settings.is_file() else {}
    slower = policy.get("time_expansion", 1.0)
    for row in unvaried(rows(shards(dataset), COLUMNS)):
        length_s = row["duration_s"] / slower
        events = row["events"] or [whole(0.0, row["duration_s"], row["label"], row["caption"])]
        for one in events:
            times = {name: row["start_s"] + one[name] / slower for name in ("onset_s", "offset_s")}
            box = {name: one[name] * slower for name in ("low_hz", "high_hz") if one.get(name) is not None}
            exact = {name: round(value, DIGITS) for name, value in (times | box).items()}
            length_s = max(row["source_seconds"], row["start_s"] + length_s)
            yield row["recording"], length_s, annotation_of({"label": one["label"]} | exact)


def unvaried(rows: Iterable[dict]) -> Iterator[dict]:
    return (row for row in rows if not row["augmentation"])


def whole(onset_s: float, offset_s: float, label: str, caption: str) -> dict:
    return {"label": label or caption, "onset_s": onset_s, "offset_s": offset_s}


def annotation_of(event: dict) -> Annotation:
    return Annotation(event["onset_s"], event["offset_s"], event["label"], event.get("low_hz"), event.get("high_hz"))
