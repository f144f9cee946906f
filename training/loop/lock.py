"""One training at a time in a folder; the lock of a dead process is free by itself."""

import fcntl
import os
from contextlib import contextmanager

from spectrogram.problems import EnvironmentProblem


@contextmanager
def locked(folder):
    """Hold a run's folder; a second training of it stops with code 5. Processes of one accelerate launch share it."""
    if int(os.environ.get("RANK", "0")) > 0:
        yield
        return
    with open(folder / ".lock", "a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise EnvironmentProblem(
                f"{folder} is locked by pid {holder}", "one training at a time", "wait for it, or choose another --out"
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
