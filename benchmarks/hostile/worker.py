"""A process that runs commands of the product in itself, watched; `crew` starts it and reads its JSON lines.

A command sees the words that a user would have typed and ends as it would have; what it writes, starts, asks and
allocates is counted while it does.  Before each input a line tells which it is, so that a death has a cause.
"""

import contextlib
import importlib
import io
import itertools
import json
import os
import resource
import sys
import threading
import time
import traceback
from dataclasses import asdict
from pathlib import Path

from benchmarks.hostile.answer import Answer
from benchmarks.hostile.trials import Trials
from spectrogram.problems import PARTIAL_EXIT_CODE

MOST_ADDRESSES_BYTES = 8 << 30
LARGEST_FILE_BYTES = 512 << 20
ROOMS = {
    "spectrogram": "spectrogram.__main__",
    "dataset_builder": "dataset_builder.__main__",
    "training": "training.__main__",
    "metrics": "metrics.__main__",
    "model_card": "model_card.__main__",
    "bioacoustics": "bioacoustics.__main__",
}
WRITES = ("os.mkdir", "os.rename", "os.remove", "os.link", "os.symlink", "os.rmdir", "os.truncate", "shutil.rmtree")
# Programs that libraries ask about this machine when they are first used; none is handed anything of a stranger.
ASKED_BY_LIBRARIES = ("ffmpeg", "lscpu", "uname", "ldconfig", "gcc", "cc", "nvidia-smi")


class Watched:
    """What a command did outside of its folder, seen by an audit hook that nothing in Python passes by."""

    def __init__(self, folders: list[Path]):
        self.folders = tuple(str(folder.resolve()) for folder in folders)
        self.found: set[str] = set()
        sys.addaudithook(self._see)

    def _see(self, event: str, given: tuple) -> None:
        if event == "open":
            path, _, flags = given
            if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                self._check("writes", path)
        elif event in WRITES:
            for path in given[:2]:
                self._check(event, path)
        elif event in ("subprocess.Popen", "os.exec", "os.posix_spawn"):
            name = os.path.basename(os.fsdecode(given[0] or "")) if given else ""
            if not name.startswith(ASKED_BY_LIBRARIES):
                self.found.add(f"starts {name}")
        elif event == "os.system":
            self.found.add("starts a shell")
        elif event == "socket.connect" and isinstance(given[1], tuple):
            self.found.add(f"asks {given[1]}")

    def _check(self, what: str, path) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return
        full = os.path.realpath(os.fsdecode(path))
        if not full.startswith((*self.folders, "/dev/", "/proc/")) and "__pycache__" not in full:
            self.found.add(f"{what} {full}"[:300])


def answer(room: str, words: list[str], watched: Watched) -> Answer:
    """Run one command: its exit code, what it said, where it broke, what it cost."""
    said, told = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    watched.found.clear()
    cpu_s, broke, code = time.process_time(), "", None
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(told):
        try:
            code = importlib.import_module(ROOMS[room]).main(words) or 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException as error:
            broke = told_of(error)
    text = told.buffer.getvalue().decode("utf-8", "replace")
    if not broke and "Traceback (most recent call last)" in text:
        broke = "in a thread or log: " + text.split("Traceback (most recent call last)")[1][-600:]
    if code == PARTIAL_EXIT_CODE and not text.strip():  # what was left out is listed in the report
        text = said.buffer.getvalue().decode("utf-8", "replace")
    longest = max(map(len, text.splitlines()), default=0)
    cpu_s, outside = time.process_time() - cpu_s, sorted(watched.found)
    return Answer(code, broke, text[-600:], longest, cpu_s, peak_mb(), outside)


def told_of(error: BaseException) -> str:
    """The kind of an error, the last line of ours that it went through, and its text."""
    try:
        frames = traceback.extract_tb(error.__traceback__)
    except RecursionError:
        frames = []
    root = str(Path(__file__).resolve().parents[2])
    ours = [f"{frame.filename[len(root) + 1 :]}:{frame.lineno}" for frame in frames if frame.filename.startswith(root)]
    return f"{type(error).__name__} @ {ours[-1] if ours else '?'}: {str(error)[:200]}"


def peak_mb() -> float:
    """The highest resident memory of this process so far."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def warm(trials: Trials, watched: Watched) -> None:
    """Every command once with good files: they are accepted, and what numba compiles is kept from then on."""
    done = trials.material / "numba" / "warm.json"
    known = json.loads(done.read_text(encoding="utf-8")) if done.is_file() else []
    for target in trials.targets:
        if target.name not in known:
            trials.lay(target)
            found = trials.ask(target, lambda room, words: answer(room, words, watched))
            found.outside = [*found.outside, *trials.look()]
            if found.code != 0 or found.outside:
                raise SystemExit(f"good files are not accepted by {target.name}: {found}")
            known.append(target.name)
            done.parent.mkdir(exist_ok=True)
            done.write_text(json.dumps(known, allow_nan=False), encoding="utf-8")
    trials.laid = None


def main() -> None:
    material, top, seed, first, only = sys.argv[1:6]
    resource.setrlimit(resource.RLIMIT_AS, (MOST_ADDRESSES_BYTES, MOST_ADDRESSES_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE_BYTES, LARGEST_FILE_BYTES))
    # The answers' own descriptor: whatever is printed by libraries goes elsewhere.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    watched = Watched([Path(top), Path(material, "numba")])
    trials = Trials(Path(material), Path(top), int(seed), only)
    os.chdir(trials.case)
    threading.excepthook = lambda told: sys.stderr.write(
        f"Traceback (most recent call last) {told_of(told.exc_value)}\n"
    )
    warm(trials, watched)
    os.dup2(1, 2)

    def tell(**told):
        answers.write(json.dumps(told, allow_nan=False) + "\n")
        answers.flush()

    for number in itertools.count(int(first)):
        tell(number=number, target=trials.target(number).name, file="?")
        target, file, found = trials.run(number, lambda room, words: answer(room, words, watched))
        tell(number=number, target=target.name, file=file, answer=asdict(found))


if __name__ == "__main__":
    main()
