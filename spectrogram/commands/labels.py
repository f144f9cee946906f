"""What sounds when, in formats that other programs read: JAMS (Humphrey et al. 2014), CSV, Audacity's labels."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from spectrogram.files.annotations import Annotation
from spectrogram.problems import UsageProblem
from spectrogram.recipe import SOFTWARE

FORMATS = (".jams", ".csv", ".txt")
JAMS_VERSION = "0.3.4"


def write_labels(
    path: str | Path,
    events: list[tuple[float, float, str]],
    seconds: float,
    file_name: str,
    heard: Sequence[Annotation | None] = (),
) -> Path:
    """Write (start_s, end_s, text) events of a sound file; the suffix says how. Raises UsageProblem for another.

    ``heard`` holds for each event where it lies in the sound (None: nothing of it was found); JAMS has it as a second
    annotation, CSV as four more columns, and a label track of Audacity, which has one line an event, leaves it out.
    """
    path = Path(path)
    writers = {".jams": _jams, ".csv": _csv, ".txt": _audacity}
    if path.suffix.lower() not in writers:
        raise UsageProblem(f"labels cannot be written as {path.name}", f"one of {', '.join(FORMATS)}", "rename it")
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writers[path.suffix.lower()](file, events, seconds, file_name, heard)
    return path


def _jams(file, events, seconds: float, file_name: str, heard):
    """One `tag_open` annotation: a free text for each stretch of time; another of what was measured."""
    data = [
        {"time": start_s, "duration": end_s - start_s, "value": text, "confidence": 1.0}
        for start_s, end_s, text in events
    ]
    annotations = [_annotation("tag_open", seconds, data, "the prompts it was painted from")]
    if heard:
        found = [
            {"time": one.onset_s, "duration": one.offset_s - one.onset_s, "value": _box(one), "confidence": None}
            for one in heard
            if one
        ]
        annotations.append(_annotation("scaper", seconds, found, "measured in the sound"))
    metadata = {"title": file_name, "duration": seconds, "jams_version": JAMS_VERSION, "identifiers": {}}
    json.dump({"annotations": annotations, "file_metadata": metadata, "sandbox": {}}, file, indent=1)


def _annotation(namespace: str, seconds: float, data: list[dict], source: str) -> dict:
    return {
        "namespace": namespace,
        "time": 0,
        "duration": seconds,
        "data": data,
        "annotation_metadata": {"annotation_tools": SOFTWARE, "data_source": source},
        "sandbox": {},
    }


def _box(one: Annotation) -> dict:
    return {"label": one.label, "low_hz": one.low_hz, "high_hz": one.high_hz}


def _csv(file, events, seconds: float, file_name: str, heard):
    writer = csv.writer(file)
    more = ["measured_onset_s", "measured_offset_s", "low_hz", "high_hz"] if heard else []
    writer.writerow(["file_name", "onset_s", "offset_s", "label", *more])
    found = heard or [None] * len(events)
    for (start_s, end_s, text), one in zip(events, found, strict=True):
        numbers = [one.onset_s, one.offset_s, one.low_hz, one.high_hz] if one else [""] * len(more)
        writer.writerow([file_name, start_s, end_s, text, *numbers])


def _audacity(file, events, seconds: float, file_name: str, heard):
    file.writelines(f"{start_s:.6f}\t{end_s:.6f}\t{' '.join(text.split())}\n" for start_s, end_s, text in events)
