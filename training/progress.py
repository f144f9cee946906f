"""Progress of a run's stages: bars in a terminal, lines in a log, and a sign of life every ten seconds in both."""

import threading
import time

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from training.stages import Pace, Stages, duration

# A log gets a line whenever another of these shares of a stage is done, and after so many seconds without one.
SHARES = 20
QUIET_S = 9.0


class Bars(Stages):
    """One rich bar a stage, with time left; where nobody sees bars, "replay 12/70" now and then. Use as a context.

    Long work between two updates (one step of a large model on a CPU) is told of by a thread of its own.
    """

    def __init__(self, quiet_s: float = QUIET_S):
        columns = (
            TextColumn("{task.description:<16}"), BarColumn(), MofNCompleteColumn(),
            TimeElapsedColumn(), TextColumn("{task.fields[note]}"),
        )  # fmt: skip
        self.progress, self.tasks, self.told = Progress(*columns), {}, {}
        self.seen = self.progress.console.is_terminal
        self.quiet_s, self.pace, self.lock = quiet_s, Pace(), threading.RLock()
        self.last, self.began, self.spoke = None, time.monotonic(), time.monotonic()
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        if self.seen:
            self.progress.start()
        self.thread.start()
        return self

    def __exit__(self, *failure):
        self.stop.set()
        self.thread.join()
        self.progress.stop()

    def learned(self, path, key):
        self.pace.learned(path, key)

    def update(self, stage, done, total, note="", part=0.0):
        with self.lock:
            if self.last is None or self.last[0] != stage:
                self.began = time.monotonic()
            self.last = (stage, done, total, note, part)
            left = self.pace.left_s(stage, done + part, total)
            text = ", ".join(filter(None, (note, f"{duration(left)} left" if left else "")))
            if self.seen:
                self._draw(stage, done, total, text)
            else:
                self._tell(stage, done, total, text)
            if done >= total:
                self.pace.finish(stage, done)

    def _draw(self, stage, done, total, note):
        if stage not in self.tasks:
            self.tasks[stage] = self.progress.add_task(stage, total=total, note=note)
        self.progress.update(self.tasks[stage], completed=done, total=total, note=note)

    def _tell(self, stage, done, total, note):
        share = SHARES * done // max(total, 1)
        if self.told.get(stage) != share:
            self.told[stage] = share
            self._say(stage, done, total, note)

    def _say(self, stage, done, total, note):
        print(f"{stage} {done}/{total} {note}".rstrip(), flush=True)
        self.spoke = time.monotonic()

    def _watch(self):
        """Say where the work stands when nothing was said for a while; in a terminal the bar's note says it."""
        while not self.stop.wait(min(1.0, self.quiet_s / 4)):
            with self.lock:
                now = time.monotonic()
                if now - self.spoke < self.quiet_s:
                    continue
                stage, done, total, note, part = self.last or ("starting", 0, 1, "", 0.0)
                left = self.pace.left_s(stage, done + part, total)
                alive = f"at work for {duration(now - self.began)}"
                text = ", ".join(filter(None, (note, alive, f"{duration(left)} left" if left else "")))
                self.spoke = now
                if self.seen:
                    self._draw(stage, done, total, text)
                else:
                    self._say(stage, done, total, text)
