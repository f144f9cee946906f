"""The stages of a run as somebody outside sees them: how far each is, and how long the rest will take."""

import time
from contextlib import contextmanager
from pathlib import Path

from spectrogram import json_text
from spectrogram.files import json_file


class Stages:
    """What a run tells of its stages; the default is silent. ``last_timed`` is the work that was begun last."""

    last_timed = "starting"

    def update(self, stage: str, done: int, total: int, note: str = "", part: float = 0.0):
        """``done`` of ``total`` units are ready, and ``part`` (0..1) of the next one."""

    def learned(self, path: Path, key: str):
        """Paces of this machine lie in the file ``path``; those of runs like this one under ``key``."""

    @contextmanager
    def timed(self, name: str):
        """A context around one piece of work of a kind."""
        self.last_timed = name
        yield


class Pace:
    """Seconds that a unit of a stage takes: of this run as soon as it is known, before that of this machine's last."""

    def __init__(self):
        self.path, self.key, self.known = None, "", {}
        self.began = {}

    def learned(self, path: Path, key: str):
        self.path, self.key, self.known = Path(path), key, _read(Path(path))

    def left_s(self, stage: str, done: float, total: int) -> float | None:
        """Seconds until a stage is done; None while nothing is known of its pace."""
        now = time.monotonic()
        first, since = self.began.setdefault(stage, (done, now))
        known = self.known.get(f"{stage}|{self.key}")
        each = (now - since) / (done - first) if done - first > 0 else known
        return None if each is None else max(0.0, (total - done) * each)

    def finish(self, stage: str, done: float):
        """Keep what a stage took for the next run here."""
        first, since = self.began.pop(stage, (done, 0.0))
        if self.path is None or done - first <= 0:
            return
        self.known[f"{stage}|{self.key}"] = (time.monotonic() - since) / (done - first)
        _write(self.path, self.known)


def remember(path: Path, key: str, paces: dict[str, float]):
    """Keep paces (seconds a unit, by stage) of runs like one under ``key``, as a Pace would have learned them."""
    _write(path, _read(path) | {f"{stage}|{key}": pace for stage, pace in paces.items()})


def _read(path: Path) -> dict[str, float]:
    """The paces in a file; none where there is none, or it is damaged."""
    try:
        return {str(name): float(value) for name, value in json_text.parsed(path.read_text()).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _write(path: Path, known: dict[str, float]):
    """A file that cannot be written is no reason to end."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".partial")
        json_file.write(unfinished, known)
        unfinished.replace(path)
    except OSError:
        return


def duration(seconds: float) -> str:
    """Seconds in words: 40 s, 12 min, 3.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
