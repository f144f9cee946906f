"""Recordings of any length at flat memory: blocks with cross-faded seams, one file a source, tables beside them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from bioacoustics.separation.masks import Settings, separated, source_names
from bioacoustics.separation.model import SeparationModel, SeparationProblem
from spectrogram import json_text
from spectrogram.files.annotations import Annotation, write_annotations
from spectrogram.files.sound_file import opened
from spectrogram.problems import SoundProblem

BLOCK_S, SEAM_S = 20.0, 0.5
ACTIVITY_S = 0.1
ACTIVE_DB = 20.0
SHORTEST_EVENT_S, LONGEST_GAP_S = 0.2, 0.5


@dataclass(frozen=True)
class Separation:
    """What one recording gave: a file a source, and when each sounds."""

    files: dict[str, Path]
    events: list[Annotation]
    seconds: float


def mono_blocks(path: Path, rate_hz: int, block_s: float = BLOCK_S) -> Iterator[np.ndarray]:
    """Mono samples at a rate, ``block_s`` at a time; SeparationProblem for what is no sound or ends too early."""
    kept = 0
    try:
        with opened(path) as file:
            stream = soxr.ResampleStream(file.sample_rate_hz, rate_hz, 1, dtype="float32", quality="HQ")
            size, last = round(block_s * file.sample_rate_hz), False
            for number in itertools.count():
                block = file.read(number * block_s, block_s).mean(axis=0)
                last = len(block) < size
                out = stream.resample_chunk(block, last=last)
                kept += len(out)
                if len(out):
                    yield np.nan_to_num(out)
                if last:
                    break
    except SoundProblem as problem:
        told = f"{path} cannot be read ({problem.what})"
        raise SeparationProblem(told, problem.expected, problem.remedy) from problem
    except OSError as error:
        raise SeparationProblem(f"{path} cannot be read ({error})", "a recording", "check the path") from error
    if not kept:
        raise SeparationProblem(f"{path} holds no sound", "at least one sample", "leave it out")


def separated_stream(
    blocks: Iterator[np.ndarray], model: SeparationModel, settings: Settings
) -> Iterator[dict[str, np.ndarray]]:
    """{source: samples} of successive stretches; neighbouring blocks share ``SEAM_S`` and are cross-faded there."""
    seam = round(SEAM_S * model.params.sample_rate_hz)
    ramp = np.linspace(0, 1, seam, dtype=np.float32)
    before, tails = np.zeros(0, np.float32), None
    for block in blocks:
        audio = np.concatenate([before, block])
        if len(audio) <= 2 * seam:
            before = audio
            continue
        sounds = separated(audio, model, settings)
        if tails is not None:
            for name, sound in sounds.items():
                sound[:seam] = tails[name] * (1 - ramp) + sound[:seam] * ramp
        yield {name: sound[:-seam] for name, sound in sounds.items()}
        before, tails = audio[-seam:], {name: sound[-seam:] for name, sound in sounds.items()}
    if tails is not None and len(before) == seam:
        yield tails
    elif len(before):
        sounds = separated(before, model, settings)
        if tails is not None:
            for name, sound in sounds.items():
                sound[:seam] = tails[name] * (1 - ramp) + sound[:seam] * ramp
        yield sounds


def separate_file(
    path: Path,
    model: SeparationModel,
    settings: Settings,
    out: Path,
    only: str | None = None,
    progress: Callable[[float], None] = lambda seconds: None,
) -> Separation:
    """Write OUT/SOURCE/STEM.flac for every source (OUT/STEM.flac for one), OUT/STEM.jams and OUT/STEM.selections.txt.

    Args:
        path: the recording, of any length and rate.
        model: the known sources.
        settings: see ``Settings``.
        out: folder.
        only: the one source to write; None writes all.
        progress: told how many seconds are done.
    Raises:
        SeparationProblem: a recording that cannot be read; nothing of it is left in ``out``.
    """
    rate_hz, names = model.params.sample_rate_hz, (only,) if only else source_names(model, settings)
    files = {name: (out if only else out / name) / f"{path.stem}.flac" for name in names}
    unfinished = {name: file.with_name(f".{file.name}.part") for name, file in files.items()}
    powers: dict[str, list[np.ndarray]] = {name: [] for name in names}
    done = 0
    try:
        with ExitStack() as stack:
            writers = {}
            for name, file in unfinished.items():
                file.parent.mkdir(parents=True, exist_ok=True)
                writers[name] = stack.enter_context(soundfile.SoundFile(file, "w", rate_hz, 1, "PCM_16", format="FLAC"))
            meters = {name: Activity(rate_hz) for name in names}
            for sounds in separated_stream(mono_blocks(path, rate_hz), model, settings):
                for name in names:
                    writers[name].write(np.clip(sounds[name], -1, 1))
                    powers[name].append(meters[name].powers(sounds[name]))
                done += len(sounds[names[0]])
                progress(done / rate_hz)
    except BaseException:
        for file in unfinished.values():
            file.unlink(missing_ok=True)
        raise
    for name, file in unfinished.items():
        file.chmod(0o644)
        file.replace(files[name])
    events = [one for name in names for one in active(np.concatenate(powers[name]), name)]
    seconds = done / rate_hz
    for kind, suffix in (("jams", ".jams"), ("raven", ".selections.txt")):
        write_annotations(out / f"{path.stem}{suffix}", events, kind, seconds)
    return Separation(files, events, seconds)


class Activity:
    """Mean power of every ``ACTIVITY_S`` of a sound that comes in pieces."""

    def __init__(self, rate_hz: int) -> None:
        self.frame, self.rest = round(ACTIVITY_S * rate_hz), np.zeros(0, np.float32)

    def powers(self, sound: np.ndarray) -> np.ndarray:
        sound = np.concatenate([self.rest, sound])
        whole = len(sound) // self.frame * self.frame
        self.rest = sound[whole:]
        return np.mean(sound[:whole].reshape(-1, self.frame) ** 2, axis=1)


def active(powers: np.ndarray, label: str) -> list[Annotation]:
    """When a source sounds: frames within ``ACTIVE_DB`` of its loudest (99th percentile), short gaps closed."""
    if not len(powers) or powers.max() < 1e-10:
        return []
    on = powers > np.quantile(powers, 0.99) * 10 ** (-ACTIVE_DB / 10)
    edges = np.flatnonzero(np.diff(np.r_[0, on.astype(np.int8), 0]))
    spans: list[list[float]] = []
    for start, end in zip(edges[::2] * ACTIVITY_S, edges[1::2] * ACTIVITY_S, strict=True):
        if spans and start - spans[-1][1] <= LONGEST_GAP_S:
            spans[-1][1] = end
        else:
            spans.append([start, end])
    rounded = [
        (round(float(start), 3), round(float(end), 3)) for start, end in spans if end - start >= SHORTEST_EVENT_S
    ]
    return [Annotation(start, end, label) for start, end in rounded]


def mark_done(out: Path, path: Path, facts: dict) -> None:
    """Remember a finished recording, so that the same command goes on with the next one."""
    with (out / "done.jsonl").open("a", encoding="utf-8") as file:
        file.write(json_text.dumps({"file": str(path), **facts}) + "\n")


def already_done(out: Path) -> set[str]:
    """The recordings that a former run finished; a last line that was cut off is not one of them."""
    ledger, done = out / "done.jsonl", set()
    for line in ledger.read_text(encoding="utf-8").splitlines() if ledger.is_file() else ():
        try:
            done.add(json_text.parsed(line)["file"])
        except (ValueError, LookupError, TypeError):
            continue
    return done
