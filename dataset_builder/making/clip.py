"""Clips cut out of sound files, or the counted reason why there is none.

A clip has the codec's rate and length: a longer recording gives its first ``clip_seconds`` (or windows over all of it),
a shorter one is followed by silence.  Levels in dB relative to full scale (0 dB = full-scale sine for RMS + 3.01).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from spectrogram.files.audio import mix_channels, resample
from spectrogram.files.sound_file import SoundFile, Truncated, opened
from spectrogram.params import SpectrogramParams
from spectrogram.problems import SoundProblem

TRUNCATION_TOLERANCE_S = 0.25
FULL_SCALE = 0.999
EDGE_S = 0.05


@dataclass(frozen=True)
class CutPolicy:
    """What to do with sounds that are silent, short or long.

    ``shortest_s``: shorter sounds are dropped; ``silent_db``: a clip whose loudest sample stays below is silent;
    ``windows``: cut the whole recording into clips that follow each other, not only the first; ``max_windows`` each;
    ``channel``: one of the file's, from 1, instead of their mean; ``time_expansion``: play so many times slower (10
    brings a bat's calls down to where they are heard).
    """

    shortest_s: float = 1.0
    silent_db: float = -60.0
    keep_silent: bool = False
    windows: bool = False
    max_windows: int = 1000
    channel: int | None = None
    time_expansion: float = 1.0


@dataclass(frozen=True)
class Clip:
    """``audio`` float32 (channels, clip_samples) in [-1, 1] at ``params.sample_rate_hz``; the sound in it lasts
    ``duration_s`` and begins at ``start_s`` of the file.  ``peak_db`` and ``clipped`` (share of samples at full scale)
    describe the source before any level was touched; ``rms_db`` the sound that is in the clip."""

    audio: np.ndarray
    start_s: float
    duration_s: float
    rms_db: float
    peak_db: float
    clipped: float
    source_rate_hz: int
    source_channels: int
    source_seconds: float


@dataclass(frozen=True)
class Dropped:
    """Why a sound is not in the dataset: ``reason`` is one of REASONS (counted), ``detail`` is for the person."""

    reason: str
    detail: str


REASONS = {
    "missing": "the file is not there",
    "unreadable": "no program can decode it",
    "truncated": "it ends before the time that its header or table states",
    "empty": "it holds no sample",
    "short": "it lasts less than the shortest allowed time",
    "silent": "nothing in it is louder than the silence level",
    "not-finite": "it holds NaN or infinite samples",
    "changed": "its checksum differs from the table's",
    "duplicate": "the same bytes are in the dataset already",
    "near-duplicate": "it sounds the same as another clip",
    "caption": "it has no caption",
    "unnamed": "none of the events that its labels name is in this part of it",
    "variation": "it would vary or mix a sound that is left out",
}

# What a policy leaves out, although it was read: no fault of the input.
BY_CHOICE = ("short", "silent", "duplicate", "near-duplicate", "variation")


def cut(path: str, params: SpectrogramParams, policy: CutPolicy = CutPolicy()) -> Clip | Dropped:
    """The first clip of a sound file, or why there is none."""
    return next(cuts(path, params, policy))


def cuts(
    path: str,
    params: SpectrogramParams,
    policy: CutPolicy = CutPolicy(),
    start_s: float = 0.0,
    seconds: float | None = None,
) -> Iterator[Clip | Dropped]:
    """Yield the clips between ``start_s`` and ``start_s + seconds`` of a file (None: its end), at least one answer.

    Only the window in work is in memory.  Faults of the file become Dropped; OSError other than a missing file rises.
    """
    try:
        with opened(path) as file:
            fault = header_fault(file, start_s, seconds) or channel_fault(file, policy)
            slower = policy.time_expansion
            file.expand(slower)
            part = (start_s * slower, seconds and seconds * slower)
            yield from [fault] if fault else windows(file, params, policy, *part)
    except FileNotFoundError:
        yield Dropped("missing", f"{os.path.basename(path)} is not there")
    except Truncated as problem:
        yield Dropped("truncated", named(problem, path))
    except SoundProblem as problem:
        yield Dropped("unreadable", named(problem, path))


def named(problem: SoundProblem, path: str) -> str:
    """What happened, with the file's name and not where it lies on this machine."""
    return problem.what.replace(str(path), os.path.basename(path))


def header_fault(file: SoundFile, start_s: float, seconds: float | None) -> Dropped | None:
    """What is wrong before a sample is read: no sound at all, or less of it than was promised."""
    if file.seconds == 0:
        return Dropped("empty", "the file holds 0 frames")
    if seconds and file.seconds < start_s + seconds - TRUNCATION_TOLERANCE_S:
        return Dropped("truncated", f"lasts {file.seconds:.2f} s, {start_s + seconds:.2f} s were expected")
    return None


def channel_fault(file: SoundFile, policy: CutPolicy) -> Dropped | None:
    if policy.channel is None or policy.channel <= file.channels:
        return None
    return Dropped("unreadable", f"it has {file.channels} channels, --channel {policy.channel} is asked for")


def windows(
    file: SoundFile, params: SpectrogramParams, policy: CutPolicy, start_s: float, seconds: float | None
) -> Iterator[Clip | Dropped]:
    end_s = file.seconds if seconds is None else min(file.seconds, start_s + seconds)
    count = 1
    if policy.windows:
        spare_s = end_s - start_s - policy.shortest_s
        count = min(policy.max_windows, max(1, 1 + math.floor(spare_s / params.clip_seconds)))
    for index in range(count):
        begin_s = start_s + index * params.clip_seconds
        found = clip_of(file, params, policy, begin_s, min(params.clip_seconds, end_s - begin_s))
        yield found
        if isinstance(found, Dropped) and found.reason in ("truncated", "empty"):
            return


def clip_of(
    file: SoundFile, params: SpectrogramParams, policy: CutPolicy, start_s: float, seconds: float
) -> Clip | Dropped:
    """One window as a clip: checked, mixed down, resampled, brought to full scale where it exceeds it, padded."""
    sound = file.read(start_s, seconds + EDGE_S)
    if policy.channel is not None:
        sound = sound[policy.channel - 1 : policy.channel]
    duration_s = min(seconds, sound.shape[1] / file.sample_rate_hz)
    if 0 < duration_s < seconds - TRUNCATION_TOLERANCE_S:
        ended_s = start_s + duration_s
        return Dropped("truncated", f"the sound ends at {ended_s:.2f} s, its header states {file.seconds:.2f} s")
    fault = sound_fault(sound, duration_s, file.sample_rate_hz, policy, start_s)
    if fault:
        return fault
    peak = float(np.abs(sound).max())
    audio = resample(mix_channels(sound, params.channels), file.sample_rate_hz, params.sample_rate_hz)
    audio = audio[:, : round(duration_s * params.sample_rate_hz)][:, : params.clip_samples]
    stored = float(np.abs(audio).max())
    if level_db(stored) < policy.silent_db and not policy.keep_silent:
        return Dropped("silent", nothing_left(sound, file, params, level_db(peak), level_db(stored)))
    audio = audio / max(1.0, stored)
    return Clip(
        audio=np.pad(audio, ((0, 0), (0, params.clip_samples - audio.shape[1]))).astype(np.float32),
        start_s=start_s / policy.time_expansion,
        duration_s=duration_s,
        rms_db=level_db(float(np.sqrt(np.mean(audio.astype(np.float64) ** 2)))),
        peak_db=level_db(peak),
        clipped=float(np.mean(np.abs(sound) >= FULL_SCALE)),
        source_rate_hz=round(file.sample_rate_hz * policy.time_expansion),
        source_channels=file.channels,
        source_seconds=file.seconds / policy.time_expansion,
    )


def nothing_left(
    sound: np.ndarray, file: SoundFile, params: SpectrogramParams, peak_db: float, stored_db: float
) -> str:
    """Why a sound that is loud enough is silent in the dataset, and which option keeps it."""
    mixed_db = level_db(float(np.abs(mix_channels(sound, params.channels)).max()))
    said = f"peak {peak_db:.0f} dB in the file, {max(stored_db, -200):.0f} dB in the dataset"
    if mixed_db < stored_db + 20 and sound.shape[0] > 1:
        return f"{said}: its channels cancel each other; --channel 1 takes one of them"
    return f"{said}: it lies above {params.sample_rate_hz // 2} Hz; --time-expansion 10 plays it slower"


def sound_fault(
    sound: np.ndarray, duration_s: float, rate_hz: int, policy: CutPolicy, start_s: float
) -> Dropped | None:
    if sound.shape[1] == 0:
        return Dropped("empty", f"no sample can be decoded at {start_s:.2f} s")
    finite = np.isfinite(sound).all(axis=0)
    if not finite.all():
        first = int(np.argmin(finite)) + round(start_s * rate_hz)
        return Dropped("not-finite", f"sample {first} ({first / rate_hz:.3f} s) is NaN or infinite")
    if duration_s < policy.shortest_s:
        return Dropped("short", f"lasts {duration_s:.2f} s, {policy.shortest_s:g} s are needed")
    peak_db = level_db(float(np.abs(sound).max()))
    if peak_db < policy.silent_db and not policy.keep_silent:
        return Dropped("silent", f"peak {peak_db:.0f} dB, silence ends at {policy.silent_db:g} dB")
    return None


def level_db(amplitude: float) -> float:
    """20·log10 of an amplitude, with digital silence at -200 dB (a finite number that no 24-bit sound reaches)."""
    return 20 * math.log10(max(amplitude, 1e-10))
