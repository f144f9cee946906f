"""Who sounds when, and between which frequencies: Raven, Audacity, BirdNET, OpenSoundscape and JAMS, in and out.

Times in seconds from the beginning of the recording, frequencies in Hz.  Raven: tab-separated selection tables, one
row a selection (waveform and spectrogram rows of one selection are one).  Audacity: label tracks, frequencies on a
second line that begins with a backslash.  BirdNET: csv with Start (s), End (s), Scientific name, Common name,
Confidence.  OpenSoundscape: csv with start_time, end_time, low_f, high_f, annotation; read by any usual names of
these columns.  JAMS: JSON, namespaces scaper and segment_open (Humphrey et al., ISMIR 2014).
"""

from __future__ import annotations

import csv
import io
import logging
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from spectrogram import json_text
from spectrogram.files import atomic
from spectrogram.files.texts import encodings, jams
from spectrogram.problems import Problem, UsageProblem

log = logging.getLogger(__name__)

# Whose times a second set of annotations in our own files holds.
MEASURED = "measured in the sound"
FORMATS = {
    "raven": ".selections.txt",
    "audacity": ".labels.txt",
    "birdnet": ".csv",
    "opensoundscape": ".annotations.csv",
    "jams": ".jams",
}
RAVEN_COLUMNS = (
    "Selection",
    "View",
    "Channel",
    "Begin Time (s)",
    "End Time (s)",
    "Low Freq (Hz)",
    "High Freq (Hz)",
    "Annotation",
    "Confidence",
)
RAVEN_LABELS = ("annotation", "species", "label", "common name", "type", "tags")
BIRDNET_COLUMNS = ("Start (s)", "End (s)", "Scientific name", "Common name", "Confidence")
# Names that OpenSoundscape and its kin give the beginning, the end and the label.
BOX_NAMES = ("start_time|start_s|onset_s|onset", "end_time|end_s|offset_s|offset", "annotation|label|species|class")
JAMS_NAMESPACES = ("scaper", "segment_open", "tag_open")
BOX_COLUMNS = ("audio_file", "start_time", "end_time", "low_f", "high_f", "annotation", "confidence")
MEASURED_COLUMNS = ("measured_start_time", "measured_end_time")


class AnnotationProblem(Problem):
    """A file that holds no annotations that can be read."""


@dataclass(frozen=True, order=True)
class Annotation:
    """``label`` sounds from ``onset_s`` to ``offset_s``; the box of frequencies and the confidence may be unknown.

    ``measured_s`` is where the sound itself has it, where the times are those that were asked for.
    """

    onset_s: float
    offset_s: float
    label: str
    low_hz: float | None = None
    high_hz: float | None = None
    confidence: float | None = None
    measured_s: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not (0 <= self.onset_s <= self.offset_s < math.inf):
            raise AnnotationProblem(
                f"{self.label!r} lasts from {self.onset_s} to {self.offset_s} s", "0 <= begin <= end", "correct the row"
            )
        if self.low_hz is not None and self.high_hz is not None and not self.low_hz <= self.high_hz:
            raise AnnotationProblem(
                f"{self.label!r} lies between {self.low_hz} and {self.high_hz} Hz", "low <= high", "correct the row"
            )


def read_annotations(path: Path | str, kind: str | None = None) -> list[Annotation]:
    """The annotations of a file in the order of their onsets.

    Args:
        path: a Raven, Audacity, BirdNET or JAMS file.
        kind: one of ``FORMATS``; None finds it out from the text.
    Raises:
        AnnotationProblem: no such file, no known format, or a row that cannot be read (with its line).
    """
    path = Path(path)
    try:
        text = encodings.text_of(path)
    except Problem as problem:
        raise AnnotationProblem(problem.what, problem.expected, problem.remedy) from problem
    kind = kind or kind_of(text)
    if kind not in READERS:
        raise AnnotationProblem(
            f"{path} is no annotation file", f"one of {', '.join(FORMATS)}", "export it in one of these"
        )
    try:
        return sorted_by_onset(READERS[kind](text))
    except Problem as problem:
        raise AnnotationProblem(f"{path}: {problem.what}", problem.expected, problem.remedy) from problem
    except (ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
        raise AnnotationProblem(
            f"{path} cannot be read as {kind} ({error})", "complete rows with numbers", "export it again"
        ) from error


def write_annotations(
    path: Path | str, annotations: Iterable[Annotation], kind: str, seconds: float = 0.0, recording: str = ""
) -> Path:
    """Write a file of one of ``FORMATS``; what a format cannot hold (BirdNET: frequencies) is left out.

    Args:
        path: the file that is written, at once or not at all.
        annotations: in any order.
        kind: one of ``FORMATS``.
        seconds: length of the recording, for JAMS (default: the last offset).
        recording: its file name, for OpenSoundscape and JAMS.
    """
    if kind not in WRITERS:
        raise UsageProblem(f"there is no format {kind!r}", f"one of {', '.join(FORMATS)}", "choose one of these")
    return atomic.write_text(path, WRITERS[kind](sorted_by_onset(annotations), seconds, recording))


def annotation_file_of(audio: Path, folder: Path | None = None) -> Path | None:
    """The annotation file that belongs to a recording: same stem, beside it or in ``folder``; None without one."""
    for place in (folder, audio.parent) if folder else (audio.parent,):
        for suffix in (*FORMATS.values(), ".Table.1.selections.txt", ".BirdNET.results.csv", ".txt"):
            candidate = place / f"{audio.stem}{suffix}"
            if candidate.is_file():
                return candidate
    return None


def sorted_by_onset(annotations: Iterable[Annotation]) -> list[Annotation]:
    return sorted(annotations, key=lambda one: (one.onset_s, one.offset_s, one.label))


def kind_of(text: str) -> str | None:
    """The format that a text is in, by its first lines."""
    head = text.lstrip().split("\n", 1)[0].lower()
    if text.lstrip().startswith("{"):
        return "jams"
    if "begin time (s)" in head:
        return "raven"
    if "start (s)" in head and "end (s)" in head:
        return "birdnet"
    parts = head.split("\t")
    if len(parts) >= 2 and is_number(parts[0]) and is_number(parts[1]):
        return "audacity"
    return "opensoundscape" if all(re.search(rf"\b({names})\b", head) for names in BOX_NAMES) else None


def as_number(text: str) -> float:
    """A number, also as programs in other languages write it: ``0,5``."""
    return float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)


def is_number(text: str) -> bool:
    try:
        return math.isfinite(as_number(text))
    except ValueError:
        return False


def rows_of(text: str) -> list[dict[str, str]]:
    """Rows of a table by lower-case column name, as the one reader of tables parts them."""
    from spectrogram.files import tables

    table = tables.csv_table(Path("table"), text, None)
    try:
        return [{name.lower(): str(value).strip() for name, value in row.items()} for _, row in table]
    except Problem:
        # Raven puts no quotes around a label that begins with one.
        if table.comma != "\t" or '"' not in text:
            raise
    lines = [[cell.strip() for cell in line.split("\t")] for line in text.splitlines() if line.strip()]
    return [dict(zip(map(str.lower, lines[0]), line, strict=True)) for line in lines[1:]]


def optional(text: str | None) -> float | None:
    return as_number(text) if text not in (None, "") else None


def read_raven(text: str) -> list[Annotation]:
    found: dict[str, Annotation] = {}
    for number, row in enumerate(rows_of(text)):
        label = next((row[name] for name in RAVEN_LABELS if row.get(name)), "")
        low, high = optional(row.get("low freq (hz)")), optional(row.get("high freq (hz)"))
        times = as_number(row["begin time (s)"]), as_number(row["end time (s)"])
        key = row.get("selection") or f"row {number}"
        # A selection stands twice when the waveform was shown too; the spectrogram's row holds its frequencies.
        if key not in found or found[key].low_hz is None:
            found[key] = Annotation(*times, label, low, high, optional(row.get("confidence")))
    return list(found.values())


def raven_text(annotations: Sequence[Annotation], seconds: float, recording: str) -> str:
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter="\t", lineterminator="\n")
    writer.writerow(RAVEN_COLUMNS)
    for number, one in enumerate(annotations, 1):
        low, high = 0.0 if one.low_hz is None else one.low_hz, "" if one.high_hz is None else f"{one.high_hz:.1f}"
        confidence = "" if one.confidence is None else f"{one.confidence:.4f}"
        cells = (number, "Spectrogram 1", 1, f"{one.onset_s:.6f}", f"{one.offset_s:.6f}", f"{low:.1f}", high)
        writer.writerow((*cells, plain(one.label), confidence))
    return written.getvalue()


def read_audacity(text: str) -> list[Annotation]:
    found: list[Annotation] = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.split("\t")
        if not line.strip():
            continue
        if cells[0].strip() == "\\" and found:
            # Audacity writes -1 or 0 where a side of the box was not drawn.
            low, high = (value if value > 0 else None for value in map(as_number, cells[1:3]))
            last = found[-1]
            found[-1] = Annotation(last.onset_s, last.offset_s, last.label, low, high)
        elif len(cells) < 2:
            raise AnnotationProblem(f"line {number} is {line!r}", "begin, end and label between tabs", "correct it")
        else:
            found.append(Annotation(as_number(cells[0]), as_number(cells[1]), "\t".join(cells[2:]).strip()))
    return found


def audacity_text(annotations: Sequence[Annotation], seconds: float, recording: str) -> str:
    lines = []
    for one in annotations:
        lines.append(f"{one.onset_s:.6f}\t{one.offset_s:.6f}\t{plain(one.label)}")
        if one.low_hz is not None or one.high_hz is not None:
            low, high = (-1.0 if value is None else value for value in (one.low_hz, one.high_hz))
            lines.append(f"\\\t{low:.6f}\t{high:.6f}")
    return "".join(f"{line}\n" for line in lines)


def read_birdnet(text: str) -> list[Annotation]:
    found = []
    for row in rows_of(text):
        label = row.get("common name") or row.get("scientific name") or row.get("label") or ""
        times = as_number(row["start (s)"]), as_number(row["end (s)"])
        found.append(Annotation(*times, label, confidence=optional(row.get("confidence"))))
    return found


def birdnet_text(annotations: Sequence[Annotation], seconds: float, recording: str) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(BIRDNET_COLUMNS)
    for one in annotations:
        confidence = "" if one.confidence is None else f"{one.confidence:.4f}"
        writer.writerow((f"{one.onset_s:.3f}", f"{one.offset_s:.3f}", "", one.label, confidence))
    return text.getvalue()


def read_boxes(text: str) -> list[Annotation]:
    """A csv with a beginning, an end and a label a row, called by any of their usual names."""
    from spectrogram.files import tables

    table = tables.csv_table(Path("table"), text, None)
    table.require("start_s", "end_s", "label")
    columns = {meaning: table.column(meaning) for meaning in ("start_s", "end_s", "label", "low_hz", "high_hz")}
    columns["confidence"] = table.find("confidence", "score")
    rows = [{meaning: str(row[name]) if name else "" for meaning, name in columns.items()} for _, row in table]
    return [
        Annotation(
            as_number(row["start_s"]),
            as_number(row["end_s"]),
            row["label"].strip(),
            *map(optional, (row["low_hz"], row["high_hz"], row["confidence"])),
        )
        for row in rows
    ]


def boxes_text(annotations: Sequence[Annotation], seconds: float, recording: str) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    found = any(one.measured_s for one in annotations)
    writer.writerow((*BOX_COLUMNS, *(MEASURED_COLUMNS if found else ())))
    for one in annotations:
        box = ("" if value is None else f"{value:.1f}" for value in (one.low_hz, one.high_hz))
        confidence = "" if one.confidence is None else f"{one.confidence:.4f}"
        more = [f"{time_s:.6f}" for time_s in one.measured_s] if one.measured_s else [""] * (2 * found)
        writer.writerow((recording, f"{one.onset_s:.6f}", f"{one.offset_s:.6f}", *box, one.label, confidence, *more))
    return text.getvalue()


def read_jams(text: str) -> list[Annotation]:
    every = json_text.parsed(text)["annotations"]
    by_namespace = {one["namespace"]: one["data"] for one in reversed(every)}
    chosen = next((by_namespace[name] for name in JAMS_NAMESPACES if name in by_namespace), None)
    if chosen is None:
        raise AnnotationProblem(
            f"the namespaces are {', '.join(by_namespace) or 'none'}",
            f"one of {', '.join(JAMS_NAMESPACES)}",
            "convert it",
        )
    alike = [one for one in every if one["data"] is not chosen and by_namespace[one["namespace"]] is chosen]
    others = [one for one in alike if jams.source_of(one) != MEASURED]
    if others:
        names = ", ".join(str(jams.source_of(one) or "not named")[:40] for one in others[:3])
        log.warning("of %d sets of annotations the first is read, not those of: %s", 1 + len(others), names)
    return [jams_annotation(one) for one in chosen if jams_facts(one).get("role") != "background"]


def jams_facts(observation: dict) -> dict:
    value = observation["value"]
    return value if isinstance(value, dict) else {"label": value}


def jams_annotation(observation: dict) -> Annotation:
    facts, onset_s = jams_facts(observation), float(observation["time"])
    stated = facts.get("low_hz"), facts.get("high_hz"), observation.get("confidence")
    numbers = (None if value is None else float(value) for value in stated)
    return Annotation(onset_s, onset_s + float(observation["duration"]), str(facts["label"]), *numbers)


def jams_text(annotations: Sequence[Annotation], seconds: float, recording: str) -> str:
    seconds = seconds or max((one.offset_s for one in annotations), default=0.0)
    boxes = [
        jams.observation(
            one.onset_s,
            one.offset_s - one.onset_s,
            {"label": one.label, "low_hz": one.low_hz, "high_hz": one.high_hz},
            one.confidence,
        )
        for one in annotations
    ]
    labels = [box | {"value": box["value"]["label"]} for box in boxes]
    told = [jams.annotation("segment_open", seconds, labels), jams.annotation("scaper", seconds, boxes)]
    found = [
        box | {"time": one.measured_s[0], "duration": one.measured_s[1] - one.measured_s[0]}
        for one, box in zip(annotations, boxes, strict=True)
        if one.measured_s
    ]
    if found:
        told.append(jams.annotation("scaper", seconds, found, source=MEASURED))
    return json_text.dumps(jams.document(recording, seconds, told), indent=1) + "\n"


def plain(label: str) -> str:
    """A label on one line and without tabs, which would be the next cell."""
    return " ".join(label.split())


READERS = {
    "raven": read_raven,
    "audacity": read_audacity,
    "birdnet": read_birdnet,
    "opensoundscape": read_boxes,
    "jams": read_jams,
}
WRITERS = {
    "raven": raven_text,
    "audacity": audacity_text,
    "birdnet": birdnet_text,
    "opensoundscape": boxes_text,
    "jams": jams_text,
}
