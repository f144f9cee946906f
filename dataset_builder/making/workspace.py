"""The hidden folder beside a dataset where work lies until it is complete, and the lock that keeps it to one build."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spectrogram.problems import EnvironmentProblem


def work_folder(out: Path) -> Path:
    """``.NAME.work`` beside the dataset: on the same disk, so that a rename publishes it, and unseen by readers."""
    out = Path(out).absolute()
    return out.with_name(f".{out.name}.work")


@contextmanager
def locked(out: Path) -> Iterator[Path]:
    """Hold the work folder of a dataset; a second build stops, the lock of a dead one is free by itself."""
    folder = work_folder(out)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise EnvironmentProblem(
                f"{out} is locked by pid {file.read().strip() or 'unknown'}",
                "expected one build at a time",
                "wait for it",
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        finish_publishing(out)
        yield folder


def publish(out: Path) -> None:
    """Make ``work/finished`` the dataset: the former one steps aside, the new one takes its place, the former goes.

    Killed between the two renames, the next build completes them (``finish_publishing``).
    """
    out, folder = Path(out).absolute(), work_folder(out)
    former = folder / "former"
    if out.exists():
        os.replace(out, former)
    os.replace(folder / "finished", out)
    shutil.rmtree(former, ignore_errors=True)


def finish_publishing(out: Path) -> None:
    """Put the former dataset back if a kill left its place empty, or drop it if the new one is there."""
    out, former = Path(out).absolute(), work_folder(out) / "former"
    if former.exists() and out.exists():
        shutil.rmtree(former)
    elif former.exists():
        os.replace(former, out)


def clear(out: Path) -> None:
    """Remove the work folder of a dataset that is published."""
    shutil.rmtree(work_folder(out), ignore_errors=True)
