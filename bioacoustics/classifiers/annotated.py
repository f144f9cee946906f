"""Annotated recordings as clips: every window of them, with the labels that sound in it, and windows with none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from bioacoustics.classifiers.clips import Clips, ClipsProblem
from bioacoustics.classifiers.front_end import FrontEnd, as_bytes
from bioacoustics.separation.sounds import audio_files
from bioacoustics.separation.stream import mono_blocks
from spectrogram.files.annotations import Annotation, annotation_file_of, read_annotations
from spectrogram.problems import Problem

HOPS_A_WINDOW = 2
BLOCK_S = 60.0
# An event is in a window when this share of it, or of the window, is there.
LEAST_OF_EVENT, LEAST_OF_WINDOW = 0.5, 0.4


def annotated_clips(
    where: Path,
    front: FrontEnd,
    seconds: float,
    annotations: Path | None = None,
    classes: Sequence[str] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Clips:
    """Windows of ``seconds``, half overlapping, of every recording that has an annotation file.

    Args:
        where: a folder of recordings, or one.
        front: how sound becomes levels.
        seconds: length of a window.
        annotations: where the annotation files lie; None: beside the recordings.
        classes: names in the order of the columns; None takes all that are annotated.
        progress: told how many of how many recordings are read.
    Raises:
        ClipsProblem: no recording is annotated; ``dropped`` of the result lists those that could not be read.
    """
    files = audio_files(Path(where))
    tables = {file: annotation_file_of(file, annotations) for file in files}
    events = {file: read_annotations(table) for file, table in tables.items() if table}
    if not events:
        raise ClipsProblem(
            f"no recording in {where} has annotations",
            "a Raven, Audacity, BirdNET or JAMS file of the same stem",
            "put them beside the recordings or pass --annotations",
        )
    names = tuple(classes or sorted({one.label for own in events.values() for one in own}))
    stored, targets, recordings, used, dropped = [], [], [], [], []
    for number, (file, own) in enumerate(events.items(), 1):
        try:
            windows = windows_of(file, front, seconds)
        except Problem as problem:
            dropped.append((str(file), str(problem)))
            continue
        stored.append(windows)
        targets.append(labels_of_windows(len(windows), seconds, own, names))
        recordings += [file.stem] * len(windows)
        used += [str(file)] * len(windows)
        progress(number, len(events))
    if not stored:
        raise ClipsProblem(f"no recording can be used ({dropped[0][1]})", "sounds that can be read", "repair them")
    return Clips(
        np.concatenate(stored), np.concatenate(targets), names, np.array(recordings), tuple(used), tuple(dropped)
    )


def windows_of(file: Path, front: FrontEnd, seconds: float) -> np.ndarray:
    """Bytes (windows, frames, bands): every half a window, the last one padded with the quietest level."""
    step_s = front.params.step_ms / 1000
    frames = max(1, round(seconds / step_s))
    blocks = mono_blocks(file, front.params.sample_rate_hz, BLOCK_S)
    levels = np.concatenate([as_bytes(front.db(block)) for block in blocks])
    levels = np.pad(levels, ((0, max(0, frames - len(levels))), (0, 0)))
    hop = max(1, frames // HOPS_A_WINDOW)
    return np.stack([levels[start : start + frames] for start in range(0, len(levels) - frames + 1, hop)])


def labels_of_windows(count: int, seconds: float, events: Sequence[Annotation], classes: Sequence[str]) -> np.ndarray:
    """Ones (windows, classes) where enough of an event lies in a window."""
    starts = np.arange(count) * seconds / HOPS_A_WINDOW
    targets = np.zeros((count, len(classes)), np.float32)
    for one in events:
        if one.label in classes:
            inside = np.minimum(starts + seconds, one.offset_s) - np.maximum(starts, one.onset_s)
            least = min(LEAST_OF_EVENT * (one.offset_s - one.onset_s), LEAST_OF_WINDOW * seconds)
            targets[(inside >= least) & (inside > 0), list(classes).index(one.label)] = 1
    return targets
