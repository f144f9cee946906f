"""Folders of recordings: each is detected by itself, its files are written last, and finished ones are skipped."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from bioacoustics.classifiers.model_files import CARD, Classifier, load_classifier
from bioacoustics.detection.events import events_of
from bioacoustics.detection.thresholds import thresholds_for_f1, thresholds_for_precision
from bioacoustics.detection.windows import score_recording
from bioacoustics.separation.sounds import audio_files
from spectrogram import json_text
from spectrogram.files import json_file
from spectrogram.files.annotations import FORMATS, Annotation, annotation_file_of, read_annotations, write_annotations
from spectrogram.problems import Problem, UsageProblem

HOPS_A_WINDOW = 4


@dataclass(frozen=True)
class Job:
    """What is done with every recording; ``thresholds`` None is ``threshold`` for every class."""

    model: Path
    out: Path
    root: Path
    kinds: tuple[str, ...]
    hop_s: float | None = None
    threshold: float = 0.5
    thresholds: tuple[tuple[str, float], ...] | None = None
    weights: str | None = None

    def fingerprint(self) -> str:
        """Changes with the model and the settings, so that finished work is only used where it would be the same."""
        card = (self.model / CARD).read_bytes()
        said = json_text.dumps([sorted(self.kinds), self.hop_s, self.threshold, self.thresholds])
        return hashlib.sha256(card + said.encode()).hexdigest()[:16]


@cache
def classifier_of(model: Path, weights: str | None) -> Classifier:
    """Loaded once a process."""
    return load_classifier(model, weights)


def detect_all(files: list[Path], job: Job, workers: int = 1) -> Iterator[dict | Problem]:
    """What ``detect_one`` gives for every file, in their order; workers share the files, the bytes stay the same."""
    if workers <= 1 or len(files) < 2:
        yield from (detect_one(file, job) for file in files)
        return
    with ProcessPoolExecutor(min(workers, len(files)), mp_context=get_context("spawn")) as pool:
        yield from pool.map(detect_one, files, [job] * len(files))


def detect_one(file: Path, job: Job) -> dict | Problem:
    """{"file", "seconds", "events", "fingerprint", "found"}, written beside the tables; a Problem is returned."""
    place = job.out / file.relative_to(job.root).parent
    kept = place / f"{file.stem}.detections.json"
    try:
        stamp = f"{job.fingerprint()}-{file.stat().st_size}"
        facts = finished(kept, stamp)
        if facts and all((place / f"{file.stem}{FORMATS[kind]}").is_file() for kind in job.kinds):
            return facts
        classifier = classifier_of(job.model, job.weights)
        hop_s = job.hop_s or classifier.seconds / HOPS_A_WINDOW
        windows = score_recording(file, classifier, hop_s)
        thresholds = dict(job.thresholds or ((name, job.threshold) for name in classifier.classes))
        events = events_of(windows, classifier.classes, thresholds)
        for kind in job.kinds:
            write_annotations(place / f"{file.stem}{FORMATS[kind]}", events, kind, windows.seconds)
        found = [[one.onset_s, one.offset_s, one.label, one.confidence] for one in events]
        facts = {"file": str(file), "seconds": windows.seconds, "events": len(events), "stamp": stamp, "found": found}
        unfinished = kept.with_suffix(".part")
        json_file.write(unfinished, facts, indent=None)
        unfinished.replace(kept)
        return facts
    except Problem as problem:
        return problem


def finished(kept: Path, stamp: str) -> dict | None:
    try:
        facts = json_text.parsed(kept.read_text(encoding="utf-8"))
        return facts if facts["stamp"] == stamp else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def events_in(facts: dict) -> list[Annotation]:
    return [Annotation(onset, offset, label, confidence=score) for onset, offset, label, score in facts["found"]]


def tuned(options) -> tuple[tuple[str, float], ...]:
    """(class, threshold) from annotated recordings; ``options`` as the command line has them."""
    classifier = classifier_of(options.model, options.weights)
    hop_s, known = options.hop or classifier.seconds / HOPS_A_WINDOW, []
    for file in audio_files(options.tune):
        table = annotation_file_of(file, None)
        if table:
            known.append((score_recording(file, classifier, hop_s), read_annotations(table)))
    if not known:
        raise UsageProblem(f"no recording in {options.tune} has annotations", "files of the same stem", "annotate some")
    if options.precision:
        chosen = thresholds_for_precision(known, classifier.classes, options.precision)
    else:
        chosen = thresholds_for_f1(known, classifier.classes)
    return tuple(chosen.items())
