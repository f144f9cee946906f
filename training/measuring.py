"""What each kind of work of a run costs: seconds, and the highest memory.

On a GPU the memory is what CUDA allocated. On a CPU it is what the process wrote itself (anonymous pages): pages of the
weights' files, which the system lets go at any time, are not counted.
"""

import resource
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from training.stages import Stages

STATUS = Path("/proc/self/status")
OWN = ("RssAnon", "RssShmem")
EVERY_S = 0.02
# How the note of a stage begins that has just taken a denoising step.
DENOISING = "denoising step"


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
    """Passes all on to other Stages, ``before`` each name, and keeps the Cost of each kind of work in ``costs``.

    ``denoising``: seconds of single denoising steps, by the stage that they were part of.
    """

    def __init__(self, shown: Stages, before: str = ""):
        self.shown, self.before, self.costs = shown, before, {}
        self.seen, self.denoising = ("", 0.0), {}

    def update(self, stage, done, total, note="", part=0.0):
        if note.startswith(DENOISING):
            former, now = self.seen, time.monotonic()
            if former[0] == stage:
                self.denoising.setdefault(stage, []).append(now - former[1])
            self.seen = stage, now
        else:
            self.seen = ("", 0.0)
        self.shown.update(self.before + stage, done, total, note, part)

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


class Watch:
    """The highest memory of this process on a CPU, looked at every 20 ms while anything is measured."""

    def __init__(self):
        self.highest, self.thread, self.stop = 0, None, threading.Event()

    def forget(self):
        """Count from now on."""
        self.highest = resident_bytes()
        if self.thread is None:
            self.thread = threading.Thread(target=self._look, daemon=True)
            self.thread.start()

    def _look(self):
        while not self.stop.wait(EVERY_S):
            self.highest = max(self.highest, resident_bytes())

    def peak(self) -> int:
        self.highest = max(self.highest, resident_bytes())
        return self.highest


WATCH = Watch()


def resident_bytes() -> int:
    """Memory that the process holds now and could not get back from a file; without Linux the most it ever had."""
    if STATUS.is_file():
        told = dict(line.split(":", 1) for line in STATUS.read_text(encoding="ascii").splitlines())
        if all(name in told for name in OWN):
            return sum(int(told[name].split()[0]) for name in OWN) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def forget_peak():
    """Let the highest memory be counted from now on."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    else:
        WATCH.forget()


def peak_bytes() -> int:
    """The highest memory since it was forgotten: the GPU's where there is one, else this process's."""
    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else WATCH.peak()
