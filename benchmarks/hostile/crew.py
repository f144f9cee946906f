"""A worker from outside: started, timed, killed where it hangs, and begun again behind the input that it died of."""

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks.hostile.answer import Answer
from benchmarks.hostile.material import ROOT
from benchmarks.hostile.trials import DEPTH

# What one input may cost in processor time: the clock on the wall says little on a machine that does other things too.
# What waits for something without end uses none, and is told by the wall.
MOST_CPU_S, MOST_WALL_S, IDLE_CPU_S = 10.0, 60.0, 1.0
# A worker keeps what libraries keep of thousands of commands, which no user's process does.
RENEWED_EVERY = 2000


class Crew:
    """Workers one after the other in one folder; `numba` keeps compiled code from run to run."""

    def __init__(self, material: Path, folder: Path, seed: int, only: str = ""):
        self.material, self.top, self.seed, self.only = material, folder, seed, only
        self.process: subprocess.Popen | None = None
        self.lines: queue.Queue = queue.Queue()
        shutil.rmtree(folder, ignore_errors=True)
        for one in (folder.joinpath(*DEPTH, "case"), folder / "home", folder / "tmp"):
            one.mkdir(parents=True)

    def answers(self, first: int, count: int, seconds: float) -> Iterator[tuple[int, str, str, Answer]]:
        """(number, target, hostile file, what came of it) of each input until the time is over."""
        number, begun, ends_s = first, first, time.monotonic() + seconds
        while number < first + count and time.monotonic() < ends_s:
            if number - begun >= RENEWED_EVERY:
                self.stop()
            if self.process is None:
                self._start(number)
                begun = number
            found = self._next(number)
            if found is None:
                continue
            yield found
            number = found[0] + 1
        self.stop()

    def _next(self, number: int) -> tuple[int, str, str, Answer] | None:
        """The worker's next answer; None where it had only begun."""
        told, begun_s, begun_cpu_s = {"number": number, "target": "?", "file": "?"}, time.monotonic(), self._cpu_s()
        while True:
            try:
                line = self.lines.get(timeout=0.5)
            except queue.Empty:
                cpu_s, wall_s = self._cpu_s() - begun_cpu_s, time.monotonic() - begun_s
                if told["target"] != "?" and (cpu_s > MOST_CPU_S or (wall_s > MOST_WALL_S and cpu_s < IDLE_CPU_S)):
                    self.stop()
                    return told["number"], told["target"], told["file"], Answer(hangs=True, cpu_seconds=cpu_s)
                continue
            if line is None:
                code = self.process.wait()
                self.process = None
                if told["target"] == "?":
                    raise SystemExit("the worker did not begin: its last words are above")
                return told["number"], told["target"], told["file"], Answer(broke=f"the process died ({code})")
            told = json.loads(line)
            if "answer" in told:
                return told["number"], told["target"], told["file"], Answer(**told["answer"])
            begun_s, begun_cpu_s = time.monotonic(), self._cpu_s()

    def _cpu_s(self) -> float:
        try:
            told = psutil.Process(self.process.pid)
            times = [told.cpu_times(), *(child.cpu_times() for child in told.children(recursive=True))]
            return sum(one.user + one.system for one in times)
        except psutil.Error:
            return 0.0

    def _start(self, number: int) -> None:
        home = self.top / "home"
        settings = {
            "HOME": str(home), "TMPDIR": str(self.top / "tmp"), "XDG_CACHE_HOME": str(home / ".cache"),
            "HF_HOME": str(home / "hf"), "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "OMP_NUM_THREADS": "1",
            "PYTHONDONTWRITEBYTECODE": "1", "NUMBA_CACHE_DIR": str(self.material / "numba"), "COLUMNS": "200",
        }  # fmt: skip
        words = [self.material, self.top, self.seed, number, self.only]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.hostile.worker", *map(str, words)], cwd=ROOT, env=os.environ | settings,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        self.lines = queue.Queue()
        threading.Thread(target=_read, args=(self.process.stdout, self.lines), daemon=True).start()

    def stop(self) -> None:
        """End the worker and whatever it started."""
        if self.process is None:
            return
        try:
            told = psutil.Process(self.process.pid)
            for one in [*told.children(recursive=True), told]:
                one.kill()
        except psutil.Error:
            pass
        self.process.wait()
        self.process = None


def _read(stream, lines: queue.Queue) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)
