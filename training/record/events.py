"""What a run says while it runs: one JSON object a line in events.jsonl, for people, pages and programs.

Kinds: start, resume, step, validation, sample, checkpoint, skipped, note, end, error. A resumed run appends; steps that
a kill took away appear twice, with the same values.
"""

import os
import time
from pathlib import Path

from spectrogram import json_text
from spectrogram.problems import Problem
from training.record.run_file import read_events


class EventLog:
    """Appends events with the seconds that the run has taken; ``resume`` goes on with an earlier log."""

    def __init__(self, path, resume=False, listeners=()):
        self.path, self.began, self.listeners = Path(path), time.monotonic(), list(listeners)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if resume and self.path.exists():
            mend(self.path)
            self.began -= seconds_so_far(self.path)
        else:
            self.path.unlink(missing_ok=True)

    def write(self, event, **values):
        line = {"event": event, "seconds": round(time.monotonic() - self.began, 3), **values}
        with open(self.path, "a", encoding="utf-8") as log:
            log.write(json_text.dumps(line, ensure_ascii=False) + "\n")
        for listener in self.listeners:
            listener(line)


class Silence:
    """An EventLog's stand-in for processes other than the first."""

    def write(self, event, **values):
        pass


def mend(path):
    """Cut off a last line that a kill left half-written, so that the next event starts on a line of its own."""
    with open(path, "r+b") as log:
        content = log.read()
        log.truncate(content.rfind(b"\n") + 1)
        log.flush()
        os.fsync(log.fileno())


def seconds_so_far(path):
    """What the last event says; 0 for a log that is empty or damaged, which is no reason not to go on."""
    try:
        events = read_events(path)
    except Problem:
        return 0.0
    return events[-1]["seconds"] if events else 0.0
