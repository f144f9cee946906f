"""What sounds when, in formats that other programs read: JAMS (Humphrey et al. 2014), CSV, Audacity's labels."""

import csv
import json
from pathlib import Path

from spectrogram.problems import UsageProblem
from spectrogram.recipe import SOFTWARE

FORMATS = (".jams", ".csv", ".txt")
JAMS_VERSION = "0.3.4"


def write_labels(path: str | Path, events: list[tuple[float, float, str]], seconds: float, file_name: str) -> Path:
    """Write (start_s, end_s, text) events of a sound file; the suffix says how. Raises UsageProblem for another."""
    path = Path(path)
    writers = {".jams": _jams, ".csv": _csv, ".txt": _audacity}
    if path.suffix.lower() not in writers:
        raise UsageProblem(f"labels cannot be written as {path.name}", f"one of {', '.join(FORMATS)}", "rename it")
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writers[path.suffix.lower()](file, events, seconds, file_name)
    return path


def _jams(file, events, seconds: float, file_name: str):
    """One `tag_open` annotation: a free text for each stretch of time."""
    data = [
        {"time": start_s, "duration": end_s - start_s, "value": text, "confidence": 1.0}
        for start_s, end_s, text in events
    ]
    annotation = {
        "namespace": "tag_open",
        "time": 0,
        "duration": seconds,
        "data": data,
        "annotation_metadata": {"annotation_tools": SOFTWARE, "data_source": "the prompts it was painted from"},
        "sandbox": {},
    }
    metadata = {"title": file_name, "duration": seconds, "jams_version": JAMS_VERSION, "identifiers": {}}
    json.dump({"annotations": [annotation], "file_metadata": metadata, "sandbox": {}}, file, indent=1)


def _csv(file, events, seconds: float, file_name: str):
    writer = csv.writer(file)
    writer.writerow(["file_name", "onset_s", "offset_s", "label"])
    writer.writerows([file_name, start_s, end_s, text] for start_s, end_s, text in events)


def _audacity(file, events, seconds: float, file_name: str):
    file.writelines(f"{start_s:.6f}\t{end_s:.6f}\t{' '.join(text.split())}\n" for start_s, end_s, text in events)
