"""The stages of a run as somebody outside sees them: how far each is, what it cost, how long the rest will take."""

import json
import resource
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch


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


@dataclass
class Cost:
    """What pieces of work of one kind took: how many, their seconds, the highest memory in bytes."""

    count: int = 0
    seconds: float = 0.0
    peak_bytes: int = 0

    @property
    def each_s(self) -> float:
        return self.seconds / max(self.count, 1)


class Measuring(Stages):
    """Passes everything on to other Stages and keeps the Cost of each kind of work in ``costs``."""

    def __init__(self, shown: Stages):
        self.shown, self.costs, self.device = shown, {}, "cpu"

    def update(self, stage, done, total, note="", part=0.0):
        self.shown.update(stage, done, total, note, part)

    def learned(self, path, key):
        self.shown.learned(path, key)

    @contextmanager
    def timed(self, name):
        cost, began, self.last_timed = self.costs.setdefault(name, Cost()), time.monotonic(), name
        forget_peak()
        try:
            yield
        finally:
            cost.count += 1
            cost.seconds += time.monotonic() - began
            cost.peak_bytes = max(cost.peak_bytes, peak_bytes())


def forget_peak():
    """Let the highest memory be counted from now on, where the system allows it (CUDA; Linux)."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        return
    try:
        # 5 resets VmHWM, the highest resident memory (proc(5)).
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def peak_bytes() -> int:
    """The highest memory since it was forgotten: the GPU's where there is one, else what the process had resident."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    status = Path("/proc/self/status")
    if status.is_file():
        line = next((line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM")), "")
        if line:
            return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


class Pace:
    """Seconds that a unit of a stage takes: of this run as soon as it is known, before that of this machine's last."""

    def __init__(self):
        self.path, self.key, self.known = None, "", {}
        self.began = {}

    def learned(self, path: Path, key: str):
        self.path, self.key = Path(path), key
        try:
            self.known = {str(name): float(value) for name, value in json.loads(self.path.read_text()).items()}
        except (OSError, ValueError, TypeError, AttributeError):
            self.known = {}

    def left_s(self, stage: str, done: float, total: int) -> float | None:
        """Seconds until a stage is done; None while nothing is known of its pace."""
        now = time.monotonic()
        first, since = self.began.setdefault(stage, (done, now))
        known = self.known.get(f"{stage}|{self.key}")
        each = (now - since) / (done - first) if done - first > 0 else known
        return None if each is None else max(0.0, (total - done) * each)

    def finish(self, stage: str, done: float):
        """Keep what a stage took for the next run here; a file that cannot be written is no reason to end."""
        first, since = self.began.pop(stage, (done, 0.0))
        if self.path is None or done - first <= 0:
            return
        self.known[f"{stage}|{self.key}"] = (time.monotonic() - since) / (done - first)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = self.path.with_suffix(".partial")
            unfinished.write_text(json.dumps(self.known, indent=1) + "\n", encoding="utf-8")
            unfinished.replace(self.path)
        except OSError:
            return


def duration(seconds: float) -> str:
    """Seconds in words: 40 s, 12 min, 3.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
