"""What a run says while it runs: one JSON object a line in events.jsonl, for people, pages and programs."""

import json
import time
from pathlib import Path


class EventLog:
    """Appends events with the seconds since the run began."""

    def __init__(self, path):
        self.path, self.began = Path(path), time.monotonic()
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, event, **values):
        line = {"event": event, "seconds": round(time.monotonic() - self.began, 3), **values}
        with open(self.path, "a", encoding="utf-8") as log:
            log.write(json.dumps(line, ensure_ascii=False) + "\n")


def read(path):
    """All events of a log in order; a half-written last line is left out."""
    events = []
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        try:
            events.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return events
