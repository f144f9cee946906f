"""What a build would give, from file headers alone: clips, hours, and how large the dataset gets."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from dataset_builder.intake.entries import Entry
from spectrogram.files.sound_file import opened
from spectrogram.params import SpectrogramParams
from spectrogram.problems import EnvironmentProblem, SoundProblem

# Measured on 27 clips of environmental sound, presets mini and sd15: bytes of FLAC a sample, of PNG a pixel.
FLAC_BYTES_PER_SAMPLE = 1.0
PNG_BYTES_PER_PIXEL = 0.6


# Pieces and shards lie side by side until the dataset is published.
COPIES = 2


def forecast(entries: list[Entry], settings) -> tuple[dict, str]:
    """(facts, sentence) about a build that has not been made; ``clips`` counts those of all configs."""
    lengths = [length for entry in entries if (length := seconds_of(entry)) is not None]
    clips, size = 0, 0.0
    for params in map(settings.params, settings.presets):
        own = sum(1 + int(max(0, s - 1) // params.clip_seconds) if settings.policy.windows else 1 for s in lengths)
        clips, size = clips + own, size + own * row_bytes(params)
    facts = {
        "given": len(entries),
        "missing": sum(not os.path.isfile(entry.path) for entry in entries),
        "hours": round(sum(lengths) / 3600, 3),
        "clips": clips,
        "megabytes": round(size / 1e6, 1),
    }
    return facts, (
        f"{facts['given']} sounds given, {facts['missing']} missing, {facts['hours']:.2f} hours of sound: "
        f"about {clips} clips, {facts['megabytes']:.0f} MB.\nnext: run the same command without --dry-run"
    )


def seconds_of(entry: Entry) -> float | None:
    """The length that a file's header states, None for a file that cannot be opened."""
    try:
        with opened(entry.path) as file:
            return file.seconds if entry.seconds is None else min(entry.seconds, file.seconds)
    except (FileNotFoundError, SoundProblem):
        return None


def row_bytes(params: SpectrogramParams) -> float:
    """About what one row of the dataset takes on the disk."""
    return params.clip_samples * FLAC_BYTES_PER_SAMPLE + params.width * params.height * PNG_BYTES_PER_PIXEL


def check_room(clips: int, settings, out: Path) -> None:
    """Raise EnvironmentProblem before the first clip when the disk of ``out`` cannot hold pieces and shards."""
    needed = COPIES * clips * sum(row_bytes(settings.params(preset)) for preset in settings.presets)
    place = next(path for path in Path(out).absolute().parents if path.exists())
    free = shutil.disk_usage(place).free
    if free < needed:
        raise EnvironmentProblem(
            f"{place} has {free / 1e6:.0f} MB of free space", f"expected about {needed / 1e6:.0f} MB", "make room"
        )
