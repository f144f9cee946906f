"""Labelled recordings in memory: spectrograms of one length, labels as a table of ones, and whose recording each is."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from bioacoustics.classifiers.front_end import FrontEnd, as_bytes, from_bytes
from dataset_builder.intake.captions import read_entries
from dataset_builder.intake.entries import Entry
from spectrogram.files.audio import read_audio
from spectrogram.problems import Problem, SoundProblem

LABEL_MARKS = re.compile(r"[|+]")


class ClipsProblem(Problem):
    """A set of recordings that no classifier can be trained or tested on."""


@dataclass(frozen=True)
class Clips:
    """``stored`` (n, frames, bands) bytes, ``targets`` (n, classes) of 0 and 1, ``recordings`` (n,) names."""

    stored: np.ndarray
    targets: np.ndarray
    classes: tuple[str, ...]
    recordings: np.ndarray
    files: tuple[str, ...]
    dropped: tuple[tuple[str, str], ...] = ()

    def __len__(self) -> int:
        return len(self.stored)

    def db(self, index: int) -> np.ndarray:
        return from_bytes(self.stored[index])

    def at(self, indices: np.ndarray) -> Clips:
        """The clips of these indices."""
        files = tuple(self.files[one] for one in indices)
        return replace(
            self,
            stored=self.stored[indices],
            targets=self.targets[indices],
            recordings=self.recordings[indices],
            files=files,
        )

    def joined(self, other: Clips) -> Clips:
        """Both sets, which must know the same classes."""
        return replace(
            self,
            stored=np.concatenate([self.stored, other.stored]),
            targets=np.concatenate([self.targets, other.targets]),
            recordings=np.concatenate([self.recordings, other.recordings]),
            files=self.files + other.files,
            dropped=self.dropped + other.dropped,
        )

    @property
    def multi_label(self) -> bool:
        return bool((self.targets.sum(axis=1) != 1).any())

    @property
    def labels(self) -> np.ndarray:
        """Index of the (first) class of every clip."""
        return self.targets.argmax(axis=1)


def labels_of(entry: Entry) -> tuple[str, ...]:
    """The labels of an entry: those of its composed events, else its own, several parted by "|" or "+"."""
    if entry.events:
        events = [one["label"] for one in json.loads(entry.events) if one.get("role") != "background"]
        if events:
            return tuple(dict.fromkeys(events))
    return tuple(part.strip() for part in LABEL_MARKS.split(entry.label) if part.strip())


def read_clips(
    where: Path | str | list[Entry],
    front: FrontEnd,
    seconds: float = 5.0,
    classes: tuple[str, ...] | None = None,
    windows: int = 1,
    background: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Clips:
    """The clips of a table or folder (as the dataset builder reads them), each cut or padded to ``seconds``.

    Args:
        where: a metadata.csv, a folder with one, one folder a class, or entries.
        front: how sound becomes levels.
        seconds: length; longer recordings give their loudest stretch, or up to ``windows`` successive ones.
        classes: names in the order of the columns; None takes those that occur.  Clips of other classes are dropped.
        windows: most clips of one recording.
        background: what is read holds none of the classes, whatever its labels say.
        progress: told how many of how many are read.
    Raises:
        ClipsProblem: no clip is left; ``dropped`` of the result lists files that could not be read.
    """
    entries = where if isinstance(where, list) else read_entries(Path(where))
    classes = classes or tuple(sorted({label for entry in entries for label in labels_of(entry)}))
    stored, targets, recordings, files, dropped = [], [], [], [], []
    for number, entry in enumerate(entries):
        own = [] if background else [label for label in labels_of(entry) if label in classes]
        try:
            if not own and not background:
                dropped.append((entry.path, "no label that is known"))
                continue
            heard = stretches(entry, front.params.sample_rate_hz, seconds, windows)
            stored += [as_bytes(front.db(one)) for one in heard]
        except (SoundProblem, OSError) as problem:
            dropped.append((entry.path, str(problem)))
            continue
        finally:
            progress(number + 1, len(entries))
        targets += [[float(name in own) for name in classes]] * len(heard)
        recordings += [entry.recording or entry.clip_id] * len(heard)
        files += [entry.path] * len(heard)
    if not stored:
        reason = dropped[0][1] if dropped else "there is none"
        raise ClipsProblem(
            f"no clip can be used ({reason})", "sounds with a column label, or one folder a class", "add some"
        )
    targets = np.array(targets, np.float32)
    return Clips(np.stack(stored), targets, classes, np.array(recordings), tuple(files), tuple(dropped))


def stretches(entry: Entry, rate_hz: int, seconds: float, most: int) -> list[np.ndarray]:
    """The loudest ``seconds`` of an entry, or its first ``most`` successive stretches."""
    if most == 1:
        return [loudest(entry, rate_hz, seconds)]
    longest = seconds * most if entry.seconds is None else min(entry.seconds, seconds * most)
    audio, _ = read_audio(entry.path, rate_hz, 1, entry.start_s, longest)
    wanted = round(seconds * rate_hz)
    count = max(1, audio.shape[1] // wanted)
    return [np.resize(audio[0, n * wanted : (n + 1) * wanted], wanted) for n in range(count)]


def loudest(entry: Entry, rate_hz: int, seconds: float) -> np.ndarray:
    """Mono samples of the loudest ``seconds`` of an entry, padded with silence where it is shorter."""
    audio, _ = read_audio(entry.path, rate_hz, 1, entry.start_s, entry.seconds)
    return loudest_part(audio[0], round(seconds * rate_hz))


def loudest_part(audio: np.ndarray, wanted: int) -> np.ndarray:
    if len(audio) <= wanted:
        return np.pad(audio, (0, wanted - len(audio)))
    energy = np.concatenate([[0.0], np.cumsum(np.square(audio, dtype=np.float64))])
    steps = np.arange(0, len(audio) - wanted + 1, max(1, wanted // 20))
    start = int(steps[np.argmax(energy[steps + wanted] - energy[steps])])
    return audio[start : start + wanted]


def folds_by_recording(clips: Clips, folds: int, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """(training indices, test indices) of each fold; no recording is in both, classes are spread evenly."""
    if len(set(clips.recordings)) < folds:
        raise ClipsProblem(f"there are {len(set(clips.recordings))} recordings", f"at least {folds}", "use fewer folds")
    fewest = int(np.bincount(np.unique(clips.labels, return_inverse=True)[1]).min())
    if fewest < folds:
        raise ClipsProblem(f"one class has {fewest} clips", f"at least {folds} of each", "add some, or use fewer folds")
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros(len(clips)), clips.labels, clips.recordings))


def fingerprint(clips: Clips) -> str:
    """Twelve digits that change with any level, label or recording."""
    digest = hashlib.sha256(clips.stored.tobytes())
    digest.update(clips.targets.tobytes() + "|".join(clips.recordings).encode())
    return digest.hexdigest()[:12]
