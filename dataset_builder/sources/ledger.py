"""What happened to every id that was ever asked for: an append-only file that survives kills, garbage and repeats.

One JSON object a line: id, reason ("ok" or one of REASONS), detail, attempts, and for "ok" sha256 and seconds.  The
last line of an id counts; attempts add up over all of them.
"""

from __future__ import annotations

import csv
import logging
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock

from spectrogram import json_text
from spectrogram.files import atomic, json_file
from spectrogram.files.texts import encodings

log = logging.getLogger(__name__)

OK = "ok"
# reason: (what it means, True when trying again cannot help)
REASONS = {
    "gone": ("removed, or the account is closed", True),
    "private": ("the owner made it private or for members", True),
    "age": ("only for signed-in adults", True),
    "geo": ("not shown in this country", True),
    "bot": ("the site asks to confirm that no bot is asking", False),
    "rate": ("too many requests", False),
    "expired": ("the address of the media has expired (403)", False),
    "format": ("no format can be had: a JavaScript runtime or a token is missing", False),
    "network": ("time-out, reset or a server error", False),
    "ffmpeg": ("the section could not be cut out", False),
    "truncated": ("less sound arrived than the section lasts", False),
    "listed": ("somebody else had it", False),
    "unknown": ("recorded elsewhere without a reason, or a message that is not understood", False),
}


@dataclass(frozen=True)
class Record:
    """The latest state of one id."""

    id: str
    reason: str
    detail: str = ""
    attempts: int = 1
    sha256: str = ""
    seconds: float = 0.0
    attribution: str = ""

    @property
    def settled(self) -> bool:
        """True when a run leaves it alone: it is here, or trying again cannot help."""
        return self.reason == OK or REASONS[self.reason][1]


class Ledger:
    """The file ``ledger.jsonl`` of a download folder; ``append`` may be called from many threads."""

    def __init__(self, path: Path) -> None:
        self.path, self.lock = Path(path), Lock()
        self.records: dict[str, Record] = {}
        for record in read_records(self.path):
            self.remember(record)

    def remember(self, record: Record) -> None:
        earlier = self.records.get(record.id)
        attempts = record.attempts + (earlier.attempts if earlier else 0)
        self.records[record.id] = replace(record, attempts=attempts)

    def append(self, record: Record) -> None:
        """Write one line and force it to the disk; a line torn by a kill is closed first."""
        with self.lock:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            line = json_text.dumps(asdict(record)).encode() + b"\n"
            with atomic.explained(self.path, len(line)), open(self.path, "a+b") as file:
                torn = file.tell() > 0 and not ends_with_newline(file)
                file.write((b"\n" if torn else b"") + line)
                file.flush()
                os.fsync(file.fileno())
            self.remember(record)


def ends_with_newline(file) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def read_records(path: Path) -> Iterator[Record]:
    """Records of a ledger in order; a line that is none is skipped with a warning that names it."""
    if not path.exists():
        return
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            record = json_file.parse(line, Record, f"line {number}")
            if record.reason != OK and record.reason not in REASONS:
                raise ValueError(f"reason {record.reason[:40]!r}")
        except ValueError as error:
            log.warning("%s line %d is no record and is ignored (%s)", path.name, number, error)
            continue
        yield record


def import_list(path: Path, ledger: Ledger) -> tuple[int, int]:
    """Take over another project's csv of ids that failed, or that were there (no column error); returns (new, known).

    These lines are about videos, not clips, and settle nothing: ``likelihood`` orders the next run by them.  Repeats
    and lines that are no row are skipped with a warning.
    """
    known, new = len(ledger.records), 0
    reader = csv.reader(encodings.text_of(path).splitlines())
    header = next(reader, [])
    column = header.index("youtube_id") if "youtube_id" in header else 0
    reason = "unknown" if any(name in header for name in ("error", "reason")) else "listed"
    for fields in reader:
        if len(fields) != len(header):
            log.warning("%s line %d is no row and is ignored: %s", path.name, reader.line_num, ",".join(fields)[:40])
        elif fields[column] not in ledger.records:
            said = f": {fields[-1]}" if reason == "unknown" else ""
            ledger.append(Record(fields[column], reason, f"from {path.name}{said}"))
            new += 1
    return new, known


def likelihood(ledger: Ledger, video: str) -> int:
    """0 for videos that others had, 1 for those that nobody spoke of, 2 for those that failed elsewhere."""
    record = ledger.records.get(video)
    return 1 if record is None else 0 if record.reason == "listed" else 2
