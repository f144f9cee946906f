"""Sounds to learn bases from: recordings of a folder, or the annotated seconds of recordings and the rest."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from bioacoustics.separation.model import SeparationProblem
from spectrogram.files.annotations import annotation_file_of, read_annotations
from spectrogram.files.audio import read_audio
from spectrogram.files.endings import SOUND_FILES
from spectrogram.files.named_files import sounds_below
from spectrogram.problems import SoundProblem, UsageProblem

BACKGROUND = "background"
LONGEST_S = 30.0
SHORTEST_S = 0.05


def audio_files(where: Path) -> list[Path]:
    """The sound files below a folder, or the one file.

    Raises SeparationProblem where there is none, UsageProblem for two of one stem.
    """
    files = [where] if where.is_file() else sounds_below(where)
    files = [file for file in files if not file.name.startswith(".")]
    seen: dict[Path, Path] = {}
    for file in files:
        twin = seen.setdefault(file.with_suffix(""), file)
        if twin != file:
            raise UsageProblem(f"{twin} and {file.name} would give files of one name", "one sound a name", "rename one")
    if not files:
        raise SeparationProblem(f"{where} holds no sound", SOUND_FILES, "check the path")
    return files


def sounds_in(where: Path, rate_hz: int, longest_s: float = LONGEST_S) -> list[np.ndarray]:
    """Mono samples of every recording, the first ``longest_s`` of each."""
    return [read_audio(file, rate_hz, 1, seconds=longest_s)[0][0] for file in audio_files(where)]


def annotated_sounds(where: Path, rate_hz: int, annotations: Path | None = None) -> dict[str, list[np.ndarray]]:
    """{label: sounds of its annotated seconds}, and as "background" what no annotation of a recording covers.

    Args:
        where: folder of recordings; each has an annotation file of its stem beside it or in ``annotations``.
        rate_hz: of the samples.
        annotations: another folder for the annotation files.
    """
    found: dict[str, list[np.ndarray]] = defaultdict(list)
    for file in audio_files(where):
        table = annotation_file_of(file, annotations)
        if table is None:
            continue
        try:
            audio = read_audio(file, rate_hz, 1)[0][0]
        except SoundProblem as problem:
            told = f"{file} cannot be read ({problem.what})"
            raise SeparationProblem(told, "a recording", "leave it out") from problem
        free = np.ones(len(audio), bool)
        for one in read_annotations(table):
            span = slice(round(one.onset_s * rate_hz), round(one.offset_s * rate_hz))
            free[span] = False
            if len(audio[span]) >= SHORTEST_S * rate_hz:
                found[one.label or "sound"].append(audio[span])
        found[BACKGROUND] += stretches(audio, free, round(SHORTEST_S * rate_hz))
    if not found:
        raise SeparationProblem(
            f"no recording in {where} has annotations",
            "a Raven, Audacity, BirdNET or JAMS file of the same stem",
            "put them beside the recordings or pass --annotations",
        )
    return {label: sounds for label, sounds in found.items() if sounds}


def stretches(audio: np.ndarray, free: np.ndarray, shortest: int) -> list[np.ndarray]:
    edges = np.flatnonzero(np.diff(np.r_[0, free.astype(np.int8), 0]))
    return [audio[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= shortest]
