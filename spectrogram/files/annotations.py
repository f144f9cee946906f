"""Who sounds when, and between which frequencies: Raven, Audacity, BirdNET and JAMS files in and out.

Times in seconds from the beginning of the recording, frequencies in Hz.  Raven: tab-separated selection tables, one
row a selection (waveform and spectrogram rows of one selection are one).  Audacity: label tracks, frequencies on a
second line that begins with a backslash.  BirdNET: csv with Start (s), End (s), Scientific name, Common name,
Confidence.  JAMS: JSON, namespace segment_open (Humphrey et al., ISMIR 2014).
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from spectrogram.problems import Problem, UsageProblem

FORMATS = {"raven": ".selections.txt", "audacity": ".labels.txt", "birdnet": ".csv", "jams": ".jams"}
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
JAMS_NAMESPACES = ("scaper", "segment_open", "tag_open")
JAMS_VERSION = "0.3.4"


class AnnotationProblem(Problem):
    """A file that holds no annotations that can be read."""


@dataclass(frozen=True, order=True)
class Annotation:
    """``label`` sounds from ``onset_s`` to ``offset_s``; the box of frequencies and the confidence may be unknown."""

    onset_s: float
    offset_s: float
    label: str
    low_hz: float | None = None
    high_hz: float | None = None
    confidence: float | None = None

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
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise AnnotationProblem(f"{path} cannot be read ({error})", "a text file", "check the path") from error
    kind = kind or kind_of(text)
    if kind not in READERS:
        raise AnnotationProblem(
            f"{path} is no annotation file", f"one of {', '.join(FORMATS)}", "export it in one of these"
        )
    try:
        return sorted(READERS[kind](text), key=lambda one: (one.onset_s, one.offset_s, one.label))
    except AnnotationProblem as problem:
        raise AnnotationProblem(f"{path}: {problem.what}", problem.expected, problem.remedy) from problem
    except (ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
        raise AnnotationProblem(
            f"{path} cannot be read as {kind} ({error})", "complete rows with numbers", "export it again"
        ) from error


def write_annotations(path: Path | str, annotations: Iterable[Annotation], kind: str, seconds: float = 0.0) -> Path:
    """Write a file of one of ``FORMATS``; what a format cannot hold (BirdNET: frequencies) is left out.

    Args:
        path: the file that is written, at once or not at all.
        annotations: in any order.
        kind: one of ``FORMATS``.
        seconds: length of the recording, for JAMS (default: the last offset).
    """
    if kind not in WRITERS:
        raise UsageProblem(f"there is no format {kind!r}", f"one of {', '.join(FORMATS)}", "choose one of these")
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_text(WRITERS[kind](sorted_by_onset(annotations), seconds), encoding="utf-8", newline="")
    unfinished.replace(path)
    return path


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
    return "audacity" if len(parts) >= 2 and is_number(parts[0]) and is_number(parts[1]) else None


def is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def rows_of(text: str, delimiter: str) -> list[dict[str, str]]:
    """Rows by lower-case column name; cells without a column are refused."""
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = []
    for row in reader:
        if None in row:
            raise AnnotationProblem(f"line {reader.line_num} has more cells than columns", "one a column", "correct it")
        rows.append({name.strip().lower(): (value or "").strip() for name, value in row.items()})
    return rows


def optional(text: str | None) -> float | None:
    return float(text) if text not in (None, "") else None


def read_raven(text: str) -> list[Annotation]:
    found: dict[str, Annotation] = {}
    for number, row in enumerate(rows_of(text, "\t")):
        label = next((row[name] for name in RAVEN_LABELS if row.get(name)), "")
        low, high = optional(row.get("low freq (hz)")), optional(row.get("high freq (hz)"))
        times = float(row["begin time (s)"]), float(row["end time (s)"])
        key = row.get("selection") or f"row {number}"
        # A selection stands twice when the waveform was shown too; the spectrogram's row holds its frequencies.
        if key not in found or found[key].low_hz is None:
            found[key] = Annotation(*times, label, low, high, optional(row.get("confidence")))
    return list(found.values())


def raven_text(annotations: Sequence[Annotation], seconds: float) -> str:
    lines = ["\t".join(RAVEN_COLUMNS)]
    for number, one in enumerate(annotations, 1):
        low, high = 0.0 if one.low_hz is None else one.low_hz, "" if one.high_hz is None else f"{one.high_hz:.1f}"
        confidence = "" if one.confidence is None else f"{one.confidence:.4f}"
        cells = (number, "Spectrogram 1", 1, f"{one.onset_s:.6f}", f"{one.offset_s:.6f}", f"{low:.1f}", high)
        lines.append("\t".join(map(str, (*cells, plain(one.label), confidence))))
    return "\n".join(lines) + "\n"


def read_audacity(text: str) -> list[Annotation]:
    found: list[Annotation] = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.split("\t")
        if not line.strip():
            continue
        if cells[0].strip() == "\\" and found:
            # Audacity writes -1 or 0 where a side of the box was not drawn.
            low, high = (value if value > 0 else None for value in map(float, cells[1:3]))
            last = found[-1]
            found[-1] = Annotation(last.onset_s, last.offset_s, last.label, low, high)
        elif len(cells) < 2:
            raise AnnotationProblem(f"line {number} is {line!r}", "begin, end and label between tabs", "correct it")
        else:
            found.append(Annotation(float(cells[0]), float(cells[1]), "\t".join(cells[2:]).strip()))
    return found


def audacity_text(annotations: Sequence[Annotation], seconds: float) -> str:
    lines = []
    for one in annotations:
        lines.append(f"{one.onset_s:.6f}\t{one.offset_s:.6f}\t{plain(one.label)}")
        if one.low_hz is not None or one.high_hz is not None:
            low, high = (-1.0 if value is None else value for value in (one.low_hz, one.high_hz))
            lines.append(f"\\\t{low:.6f}\t{high:.6f}")
    return "".join(f"{line}\n" for line in lines)


def read_birdnet(text: str) -> list[Annotation]:
    found = []
    for row in rows_of(text, ","):
        label = row.get("common name") or row.get("scientific name") or row.get("label") or ""
        times = float(row["start (s)"]), float(row["end (s)"])
        found.append(Annotation(*times, label, confidence=optional(row.get("confidence"))))
    return found


def birdnet_text(annotations: Sequence[Annotation], seconds: float) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(BIRDNET_COLUMNS)
    for one in annotations:
        confidence = "" if one.confidence is None else f"{one.confidence:.4f}"
        writer.writerow((f"{one.onset_s:.3f}", f"{one.offset_s:.3f}", "", one.label, confidence))
    return text.getvalue()


def read_jams(text: str) -> list[Annotation]:
    by_namespace = {one["namespace"]: one["data"] for one in reversed(json.loads(text)["annotations"])}
    chosen = next((by_namespace[name] for name in JAMS_NAMESPACES if name in by_namespace), None)
    if chosen is None:
        raise AnnotationProblem(
            f"the namespaces are {', '.join(by_namespace) or 'none'}",
            f"one of {', '.join(JAMS_NAMESPACES)}",
            "convert it",
        )
    return [jams_annotation(one) for one in chosen if jams_facts(one).get("role") != "background"]


def jams_facts(observation: dict) -> dict:
    value = observation["value"]
    return value if isinstance(value, dict) else {"label": value}


def jams_annotation(observation: dict) -> Annotation:
    facts, onset_s = jams_facts(observation), float(observation["time"])
    box = optional(facts.get("low_hz")), optional(facts.get("high_hz"))
    confidence = optional(observation.get("confidence"))
    return Annotation(onset_s, onset_s + float(observation["duration"]), str(facts["label"]), *box, confidence)


def jams_text(annotations: Sequence[Annotation], seconds: float) -> str:
    seconds = seconds or max((one.offset_s for one in annotations), default=0.0)
    about = {"curator": {"name": "", "email": ""}, "annotator": {}, "version": "1", "corpus": "", "validation": ""}
    about |= {"annotation_tools": "sd-audio-spectrograms", "annotation_rules": "", "data_source": "program"}
    common = {"annotation_metadata": about, "sandbox": {}, "time": 0.0, "duration": seconds}
    scaper = [
        jams_observation(one, {"label": one.label, "low_hz": one.low_hz, "high_hz": one.high_hz}) for one in annotations
    ]
    labels = [jams_observation(one, one.label) for one in annotations]
    document = {
        "annotations": [
            {"namespace": "segment_open", "data": labels, **common},
            {"namespace": "scaper", "data": scaper, **common},
        ],
        "file_metadata": {"title": "", "artist": "", "release": "", "duration": seconds, "identifiers": {}},
        "sandbox": {},
    }
    document["file_metadata"]["jams_version"] = JAMS_VERSION
    return json.dumps(document, indent=1) + "\n"


def jams_observation(one: Annotation, value: object) -> dict:
    return {"time": one.onset_s, "duration": one.offset_s - one.onset_s, "value": value, "confidence": one.confidence}


def plain(label: str) -> str:
    """A label on one line and without tabs, which would be the next cell."""
    return " ".join(label.split())


READERS = {"raven": read_raven, "audacity": read_audacity, "birdnet": read_birdnet, "jams": read_jams}
WRITERS = {"raven": raven_text, "audacity": audacity_text, "birdnet": birdnet_text, "jams": jams_text}
