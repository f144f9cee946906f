"""Training as a program of its own: it outlives the page, can be stopped and taken up again, and tells how it goes.

The page starts `python -m training`, reads the run's events.jsonl, and sends SIGTERM; it shares nothing else with it.
"""

import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from pydantic import BaseModel, ConfigDict, FiniteFloat

from model_card.facts import read_samples
from model_card.taught import trigger_of
from space.store.places import NAME, Places, checked
from spectrogram import json_text
from spectrogram.files import atomic, json_file
from spectrogram.problems import Problem, UsageProblem

# "replay 12/70 at work for 9 s, 1 min left" in the trainer's log: the stage, and the time left where it is told.
STAGE = re.compile(r"^([^\d\n]+ \d+/\d+)(?:.*?([\d.]+ (?:s|min|h)) left$)?", re.MULTILINE)
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class RunState:
    """How a run stands. `phase`: none, running, stopped, failed or done; `stage`: what its log told last.

    `expected`: how long all of it takes, as its rehearsal found.
    `told_left` is the log's own word on the time left ("3 min"), which knows the pace of earlier runs on this machine.
    """

    name: str
    phase: str
    step: int = 0
    total: int = 0
    losses: list[tuple[int, float]] = field(default_factory=list)
    seconds_left: float | None = None
    log_tail: str = ""
    stage: str = ""
    expected: str = ""
    told_left: str = ""


class TrainingRuns:
    """Runs below one folder; at most one is running."""

    program = (sys.executable, "-m", "training")

    def __init__(self, places: Places):
        self.places, self.children, self.lock = places, {}, threading.Lock()
        self.notes = places.runs / ".space"

    def start(self, name: str, dataset: Path, options: dict[str, object]) -> RunState:
        """Start a run, or take up one that was stopped: the trainer itself goes on from its last checkpoint.

        It rehearses every stage first, so that what cannot fit ends at once and the time is known.

        What was finished, or is asked for otherwise or with other sounds than before, begins anew.
        """
        flags = [part for option, value in options.items() for part in (f"--{option.replace('_', '-')}", str(value))]
        command = [*self.program, str(dataset), "--out", str(self.places.run(name)), "--rehearse-first", *flags]
        built_ns = dataset.stat().st_mtime_ns if dataset.is_dir() else 0
        note = {
            "command": command,
            "steps": int(options.get("steps", 0)),
            "method": options.get("method", "lora"),
            "sounds": dataset.name,
            "built_ns": built_ns,
        }
        before = self._note(name)
        goes_on = before is not None and all(before.get(key) == value for key, value in note.items())
        if goes_on and self.state(name).phase != "done":
            return self._launch(name, note)
        return self._launch(checked(name), note, fresh=True)

    def resume(self, name: str) -> RunState:
        """The same command once more."""
        note = self._note(name)
        if note is None:
            raise UsageProblem(f"there is no run {name!r}", "a run that was started here", "start it first")
        return self._launch(name, note)

    def _launch(self, name: str, note: dict, fresh: bool = False) -> RunState:
        with self.lock:
            busy = self.running()
            if busy is not None:
                raise UsageProblem(f"the run {busy} is still training", "one run at a time", "wait for it or stop it")
            self.notes.mkdir(parents=True, exist_ok=True)
            if fresh:
                # The trainer itself forgets them later: until then the page would tell of the former run.
                (self.places.run(name) / "events.jsonl").unlink(missing_ok=True)
            log = self.notes / f"{name}.log"
            with atomic.explained(log), log.open("wb") as told:
                child = subprocess.Popen(
                    [*note["command"], *(["--fresh"] if fresh else [])],
                    stdin=subprocess.DEVNULL,
                    stdout=told,
                    stderr=told,
                    cwd=ROOT,
                    start_new_session=True,
                )
            try:
                self._write(name, note | {"pid": child.pid, "begun": _begun(child.pid), "stopped": False})
            except Problem:
                # A trainer that nobody can find again must not go on.
                child.terminate()
                child.wait()
                raise
            self.children[name] = child
        return self.state(name)

    def stop(self, name: str):
        """SIGTERM: the trainer ends after its step and keeps a checkpoint."""
        note = self._note(name)
        if note is not None and self._alive(name, note):
            self._write(name, note | {"stopped": True})
            os.kill(note["pid"], signal.SIGTERM)

    def running(self) -> str | None:
        """Name of the run that is at work, whoever started it."""
        return next((name for name in self.names() if (note := self._note(name)) and self._alive(name, note)), None)

    def names(self) -> list[str]:
        """All runs that were started here, the newest first."""
        notes = self.notes.glob("*.json") if self.notes.is_dir() else []
        return [path.stem for path in sorted(notes, key=lambda path: path.stat().st_mtime, reverse=True)]

    def latest(self) -> str | None:
        """The run that works, else the one that was started last."""
        return self.running() or next(iter(self.names()), None)

    def taught_by(self, name: str) -> tuple[str, str]:
        """(name of the set of sounds, method) of a run."""
        note = self._note(name) or {}
        return note.get("sounds", name), note.get("method", "lora")

    def settings(self, name: str | None) -> dict:
        """What a finished run was made with; empty without one."""
        return facts_of(self.places.run(name))["settings"] if name and NAME.fullmatch(name) else {}

    def heard_with(self, name: str | None) -> str | None:
        """A text that a finished run was heard with: what it was taught is in it. None where there is no such text."""
        settings = self.settings(name)
        rows = samples_of(self.places.run(name)) if settings else []
        return rows[0]["prompt"] if rows else trigger_of(settings) or None

    def state(self, name: str | None) -> RunState:
        """How the run stands, from its events and its process."""
        note = self._note(name) if name else None
        if note is None:
            return RunState(name or "", "none")
        events = read_events(self.places.run(name) / "events.jsonl")
        steps = [event for event in events if event.get("event") == "step"]
        total = next((event["settings"]["steps"] for event in events if event.get("event") == "start"), note["steps"])
        done = steps[-1]["step"] if steps else 0
        losses = [(event["step"], event["loss"]) for event in steps if event.get("loss") is not None]
        phase = self._phase(name, note, events)
        left_s = seconds_left(steps, total) if phase == "running" else None
        log = self.log_tail(name)
        stage, told_left = (STAGE.findall(log) or [("", "")])[-1]
        told = {"stage": stage, "told_left": told_left, "expected": self._expected(name)}
        return RunState(name, phase, done, total, losses, left_s, log, **told)

    def _expected(self, name: str) -> str:
        """ "9 min", as the rehearsal of a run told it; empty before."""
        log = self.notes / f"{name}.log"
        text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
        found = re.search(r"^expected: ([\d.]+ (?:s|min|h)) ", text, re.MULTILINE)
        return found[1] if found else ""

    def _phase(self, name: str, note: dict, events: list[dict]) -> str:
        if self._alive(name, note):
            return "running"
        if events and events[-1].get("event") == "end":
            return "done"
        return "stopped" if note["stopped"] else "failed"

    def log_tail(self, name: str) -> str:
        log = self.notes / f"{name}.log"
        text = log.read_bytes()[-8000:].decode(errors="replace") if log.is_file() else ""
        # A progress bar rewrites its line with carriage returns: only what it said last counts.
        lines = [line.rsplit("\r", 1)[-1] for line in text.splitlines()]
        return "\n".join(line for line in lines if line.strip())[-3000:]

    def _alive(self, name: str, note: dict) -> bool:
        child = self.children.get(name)
        if child is not None and child.pid == note["pid"]:
            return child.poll() is None
        return note["begun"] is not None and _begun(note["pid"]) == note["begun"]

    def _note(self, name: str) -> dict | None:
        if not NAME.fullmatch(name):
            return None
        note = _read(self.notes / f"{name}.json", _Note)
        return None if note is None else note.model_dump()

    def _write(self, name: str, note: dict):
        json_file.write(self.notes / f"{name}.json", note)


class _Note(BaseModel):
    """What the page keeps of a run that it started."""

    model_config = ConfigDict(extra="allow")
    command: list[str]
    steps: int
    pid: int
    begun: float | None
    stopped: bool = False
    sounds: str = ""
    method: str = "lora"


class _Seconds(BaseModel):
    cache: FiniteFloat = 0.0
    train: FiniteFloat = 0.0


class _Facts(BaseModel):
    settings: dict[str, Any] = {}
    seconds: _Seconds = _Seconds()


def facts_of(run: Path) -> dict:
    """`settings` and `seconds` of a run's run.json, empty where there is none or it is damaged."""
    return (_read(run / "run.json", _Facts) or _Facts()).model_dump()


def samples_of(run: Path) -> list[dict]:
    """Rows of a run's samples (prompt, seed, tag, file), none where they are damaged."""
    try:
        return read_samples(run)
    except Problem:
        return []


def _read(path: Path, model):
    """What a file of a run holds; None for one that is not there or damaged: the page goes on without it."""
    try:
        return json_file.read(path, model) if path.is_file() else None
    except Problem:
        return None


def read_events(path: Path) -> list[dict]:
    """All whole events of a run's log; damaged lines and a half-written last one are left out."""
    events = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else ():
        with suppress(ValueError):
            events.append(json_text.parsed(line))
    return [event for event in events if _is_event(event)]


def _is_event(event) -> bool:
    if not isinstance(event, dict):
        return False
    numbers = {"step": ("step", "seconds")}.get(event.get("event"), ())
    settings = event.get("settings") if event.get("event") == "start" else {"steps": 0}
    right = all(isinstance(event.get(name), int | float) for name in numbers)
    right &= isinstance(event.get("loss"), int | float | None)
    return right and isinstance(settings, dict) and isinstance(settings.get("steps"), int)


def seconds_left(steps: list[dict], total: int) -> float | None:
    """From the pace of the last 50 steps; None before the second one."""
    recent = steps[-50:]
    if len(recent) < 2 or recent[-1]["step"] <= recent[0]["step"]:
        return None
    pace_s = (recent[-1]["seconds"] - recent[0]["seconds"]) / (recent[-1]["step"] - recent[0]["step"])
    return max(0.0, pace_s * (total - recent[-1]["step"]))


def _begun(pid: int) -> float | None:
    """When the process of that number began; None when there is none: numbers are used again."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.NoSuchProcess:
        return None
