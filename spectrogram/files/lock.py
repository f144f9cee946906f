"""One lock on a folder: who holds it is said, and the lock of a dead process is free by itself."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from spectrogram.problems import EnvironmentProblem


@contextmanager
def held(lock, what, expected: str, remedy: str) -> Iterator[None]:
    """Hold the lock file `lock` (its folder is made); nothing waits.

    Args:
        lock: Path of the lock file; who holds it is written beside it, because Windows lets nobody read a locked file.
        what: What is locked, for the message.
        expected, remedy: The rest of the message, for example "one build at a time" and "wait for it".

    Raises:
        EnvironmentProblem: Another holder is at work: "WHAT is locked by pid NUMBER".
    """
    lock = Path(lock)
    lock.parent.mkdir(parents=True, exist_ok=True)
    holder = lock.with_name(f"{lock.name}.pid")
    try:
        # The system lets go of the lock when its process ends, however it ends.
        taken = FileLock(lock, timeout=0).acquire()
    except Timeout as error:
        raise EnvironmentProblem(f"{what} is locked by pid {_read(holder)}", expected, remedy) from error
    with taken:
        holder.write_text(f"{os.getpid()}\n", encoding="utf-8")
        yield


def _read(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8").strip() or "unknown"
    except OSError:  # it has the lock and is just about to say who it is
        return "unknown"
