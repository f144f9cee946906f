"""Downloads that can be stopped and taken up again for days: one ledger line for each id that is settled.

A folder holds ledger.jsonl, audio/ID_START.flac (each renamed into place when complete) and metadata.csv, which
``python -m dataset_builder FOLDER`` turns into a dataset.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import soundfile

from dataset_builder.intake.entries import Entry
from dataset_builder.sources.failures import Failure
from dataset_builder.sources.ledger import OK, REASONS, Ledger, Record, likelihood
from dataset_builder.sources.pacing import Pace
from dataset_builder.sources.youtube import TOLERANCE_S, YouTube
from spectrogram.files import atomic
from spectrogram.files.digest import sha256_of

REFUSALS = ("rate", "bot")
COLUMNS = ("file_name", "caption", "label", "licence", "source", "attribution", "source_id", "split", "sha256")


@dataclass
class Report:
    """How many of the entries are here, failed for good, failed for now, or were not tried (``pending``)."""

    ok: int = 0
    failed: Counter = field(default_factory=Counter)
    pending: int = 0
    stopped: bool = False

    def sentence(self) -> str:
        reasons = ", ".join(f"{name} {count}" for name, count in self.failed.most_common())
        parts = [f"{self.ok} here", f"{self.failed.total()} failed" + (f" ({reasons})" if reasons else "")]
        return ", ".join([*parts, f"{self.pending} pending"])


@dataclass
class Downloader:
    """Fetches entries into ``folder``; ``tries`` for each row in a run, ``retry_failed`` asks settled failures too."""

    folder: Path
    fetcher: YouTube
    pace: Pace
    tries: int = 3
    workers: int = 1
    retry_failed: bool = False

    def run(self, entries: list[Entry], report: Callable[[int], None] = lambda done: None) -> Report:
        """Download what is not settled yet; at the end the ledger and metadata.csv tell the state of all entries."""
        self.fetcher.check()
        self.ledger = Ledger(self.folder / "ledger.jsonl")
        (self.folder / "audio").mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.unfinished, ignore_errors=True)
        self.unfinished.mkdir()
        todo = [entry for entry in entries if not self.settled(entry)]
        todo.sort(key=lambda entry: likelihood(self.ledger, entry.recording))
        report(len(entries) - len(todo))
        with ThreadPoolExecutor(self.workers) as pool:
            running = [pool.submit(self.settle, entry) for entry in todo]
            try:
                for done, future in enumerate(as_completed(running), len(entries) - len(todo) + 1):
                    future.result()
                    report(done)
            except BaseException:
                self.pace.stopped.set()
                raise
        shutil.rmtree(self.unfinished, ignore_errors=True)
        self.write_metadata(entries)
        return self.result(entries)

    @property
    def unfinished(self) -> Path:
        return self.folder / ".unfinished"

    def place(self, entry: Entry) -> Path:
        return self.folder / "audio" / f"{entry.clip_id}.flac"

    def settled(self, entry: Entry) -> bool:
        """True when nothing is to be done; a file without its ledger line (killed between the two) is adopted."""
        record, path = self.ledger.records.get(entry.clip_id), self.place(entry)
        if record and record.reason == OK:
            return path.exists()
        if path.exists() and self.adopt(entry, path):
            return True
        return bool(record and record.settled and not self.retry_failed)

    def adopt(self, entry: Entry, path: Path) -> bool:
        """Take a complete file over into the ledger; an incomplete one is removed.

        It is decoded to its end: the header of a file that was cut still tells the whole length.
        """
        try:
            with soundfile.SoundFile(path) as file:
                seconds = sum(len(block) for block in file.blocks(1 << 16)) / file.samplerate
        except soundfile.LibsndfileError:
            seconds = 0.0
        if seconds < (entry.seconds or 0.0) - TOLERANCE_S:
            path.unlink()
            return False
        self.ledger.append(Record(entry.clip_id, OK, "adopted", 0, sha256_of(str(path)), seconds))
        return True

    def settle(self, entry: Entry) -> None:
        """Try one entry until it is here, failed for good, or out of tries; refused rows stay pending."""
        for attempt in range(1, self.tries + 1):
            if not self.pace.wait():
                return
            try:
                found = self.fetcher.fetch(entry, self.unfinished)
            except Failure as failure:
                if failure.reason in REFUSALS:
                    self.pace.hit(failure.retry_after_s)
                elif REASONS[failure.reason][1] or attempt == self.tries:
                    self.ledger.append(Record(entry.clip_id, failure.reason, failure.detail[:300], attempt))
                    return
                elif self.pace.stopped.wait(self.pace.jitter_s(attempt)):
                    return
            else:
                self.pace.relax()
                os.replace(found.path, self.place(entry))
                self.ledger.append(
                    Record(entry.clip_id, OK, "", attempt, found.sha256, found.seconds, found.attribution)
                )
                return

    def result(self, entries: list[Entry]) -> Report:
        outcome = Report(stopped=self.pace.stopped.is_set())
        for entry in entries:
            record = self.ledger.records.get(entry.clip_id)
            if record is None:
                outcome.pending += 1
            elif record.reason == OK:
                outcome.ok += 1
            else:
                outcome.failed[record.reason] += 1
        return outcome

    def write_metadata(self, entries: list[Entry]) -> None:
        """The table of all sounds that are here, one row for each caption."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for entry in entries:
            record = self.ledger.records.get(entry.clip_id)
            if record and record.reason == OK:
                who = record.attribution
                facts = (entry.label, entry.licence, entry.source, who, entry.recording, entry.split, record.sha256)
                name = f"audio/{entry.clip_id}.flac"
                writer.writerows((name, caption, *facts) for caption in entry.captions or ("",))
        atomic.write_bytes(self.folder / "metadata.csv", text.getvalue().encode())
