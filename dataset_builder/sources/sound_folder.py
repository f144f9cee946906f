"""A folder of fetched sounds that grows: audio/, rows.jsonl (one line each, appended) and metadata.csv (at the end).

Stopped anywhere it goes on where it was; ``python -m dataset_builder FOLDER`` turns it into a dataset.
"""

from __future__ import annotations

import csv
import hashlib
import io
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import TypedDict

from dataset_builder.intake.names import safe
from dataset_builder.sources.failures import Failure
from spectrogram import json_text
from spectrogram.files import atomic, json_file
from spectrogram.files.names import checked_path
from spectrogram.problems import Problem

log = logging.getLogger(__name__)
# Previews and recordings of the two sites are MP3 or OGG of 128 to 192 kbit/s.
BYTES_PER_SECOND, USUAL_S = 20_000, 20.0
COLUMNS = ("file_name", "caption", "label", "licence", "source", "attribution", "source_id", "split", "sha256", "about")


class Stored(TypedDict):
    """A line of rows.jsonl."""

    id: str
    file_name: str
    captions: list[str]
    label: str
    licence: str
    source: str
    attribution: str
    source_id: str
    split: str
    sha256: str


@dataclass(frozen=True)
class Item:
    """One sound that a source offers; ``fetch`` gives its bytes or raises Failure."""

    id: str
    suffix: str
    captions: tuple[str, ...]
    fetch: Callable[[], bytes]
    label: str = ""
    licence: str = ""
    source: str = ""
    attribution: str = ""
    recording: str = ""
    split: str = ""
    about: str = ""
    seconds: float | None = None


class Collection:
    """``fill`` it from any number of items; ids that are there already are not fetched again."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.rows = {row["id"]: row for row in self.read_rows()}

    def read_rows(self) -> Iterable[dict]:
        path = self.folder / "rows.jsonl"
        for number, line in enumerate(path.read_bytes().split(b"\n") if path.exists() else (), 1):
            try:
                row = json_file.parse(line, Stored, "rows.jsonl") if line.strip() else None
                if row and checked_path(self.folder, row["file_name"]).is_file():
                    yield row
            except Problem:
                log.warning("rows.jsonl line %d is no row and is ignored", number)

    def fill(self, items: Iterable[Item], report: Callable[[int], None] = lambda done: None) -> Counter:
        """Fetch what is missing; returns how many are here ("ok") and how many failed, by reason."""
        counts: Counter = Counter()
        for done, item in enumerate(items, 1):
            counts[self.add(item)] += 1
            report(done)
        self.write_table()
        return counts

    def forecast(self, items: Iterable[Item]) -> dict:
        """How many sounds are offered, how many of them are not here yet, and how large those get."""
        offered = list(items)
        left = [item for item in offered if item.id not in self.rows]
        size = sum(BYTES_PER_SECOND * (item.seconds or USUAL_S) for item in left)
        return {"offered": len(offered), "left": len(left), "megabytes": round(size / 1e6, 1)}

    def add(self, item: Item) -> str:
        """Fetch one item unless it is here; returns "ok" or the reason of the failure.

        An id that is here already adds its captions to the row: collections often have one row a caption.
        """
        if item.id in self.rows:
            return self.reword(self.rows[item.id], item)
        try:
            data = item.fetch()
        except Failure as failure:
            log.warning("%s: %s", item.id, failure)
            return failure.reason
        sha256 = hashlib.sha256(data).hexdigest()
        name = f"audio/{safe(item.id)}{item.suffix}"
        (self.folder / "audio").mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(self.folder / name, data)
        facts = {key: getattr(item, key) for key in ("id", "captions", *COLUMNS[2:6], "split", "about")}
        self.append({**facts, "file_name": name, "source_id": item.recording or item.id, "sha256": sha256})
        return "ok"

    def reword(self, row: dict, item: Item) -> str:
        captions = list(dict.fromkeys([*row["captions"], *item.captions]))
        if captions != list(row["captions"]):
            self.append({**row, "captions": captions})
        return "ok"

    def append(self, row: dict) -> None:
        """Force one line to the disk; the last line of an id counts."""
        line = b"\n" + json_text.dumps(row).encode() + b"\n"
        with atomic.explained(self.folder / "rows.jsonl", len(line)), open(self.folder / "rows.jsonl", "ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        self.rows[row["id"]] = row

    def write_table(self) -> None:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in sorted(self.rows.values(), key=lambda row: row["file_name"]):
            facts = [row.get(name, "") for name in COLUMNS[2:]]
            writer.writerows((row["file_name"], caption, *facts) for caption in row["captions"] or ("",))
        self.folder.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(self.folder / "metadata.csv", text.getvalue().encode())
