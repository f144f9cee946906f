"""The hidden folder beside a dataset where work lies until it is complete, and the lock that keeps it to one build."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spectrogram.files import lock
from spectrogram.files.dataset_folder import configs, is_built_here, is_dataset
from spectrogram.problems import UsageProblem


def work_folder(out: Path) -> Path:
    """``.NAME.work`` beside the dataset: on the same disk, so that a rename publishes it, and unseen by readers."""
    out = Path(out).absolute()
    return out.with_name(f".{out.name}.work")


@contextmanager
def locked(out: Path) -> Iterator[Path]:
    """Hold the work folder of a dataset; a second build stops, the lock of a dead one is free by itself."""
    folder = work_folder(out)
    with lock.held(folder / "lock", out, "expected one build at a time", "wait for it"):
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


def refuse_loss(out: Path, presets: tuple[str, ...], replace: bool) -> None:
    """Raise UsageProblem when building ``out`` would remove what is no part of this build.

    That is: a folder that is no dataset of this package at all, or one with further configs (unless ``replace``).
    """
    out = Path(out)
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not is_built_here(out):
        raise UsageProblem(
            f"{out} holds other files", "expected a new folder or a dataset built here", "choose another --out"
        )
    lost = [name for name in (configs(out) if is_dataset(out) else []) if name not in presets]
    if lost and not replace:
        both = ",".join([*lost, *presets])
        raise UsageProblem(
            f"{out} has the config {', '.join(lost)}, which this build would remove",
            f"expected --preset {both} (all side by side)",
            "pass it, or --replace, or choose another --out",
        )
