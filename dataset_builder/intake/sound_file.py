"""Parts of a sound file, read without loading the rest, with every lie of its header found out.

Times in seconds, samples float32 in (channels, samples), any rate, full scale = 1.0 (floating-point and lossy files
may exceed it).
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

from spectrogram.files.ffmpeg import converted
from spectrogram.problems import EnvironmentProblem, SoundProblem

FFMPEG_SUFFIXES = (".m4a", ".webm", ".mp4", ".aac", ".wma", ".mka", ".opus")
MAX_CHANNELS = 64
BLOCK_FRAMES = 1 << 16
# Writers that do not know the length put in the largest they can: 2^31, 2^32 - 1, sox 0x7FFFF000.
OPEN_LENGTH = 0x7FFFF000


class Unreadable(Exception):
    """A file that is no sound or stops early; the text is the reason a person reads."""


class SoundFile:
    """An open sound file: ``sample_rate_hz``, ``channels``, ``seconds`` as declared, and ``read(start_s, seconds)``."""

    def __init__(self, file: soundfile.SoundFile) -> None:
        if file.channels > MAX_CHANNELS:
            raise Unreadable(f"declares {file.channels} channels")
        self.file, self.sample_rate_hz, self.channels = file, file.samplerate, file.channels
        self.seconds = file.frames / file.samplerate

    def expand(self, factor: float) -> None:
        """Take the sound as one that is played so many times slower (a factor of 10 makes 192 kHz 19.2 kHz)."""
        self.sample_rate_hz, self.seconds = round(self.sample_rate_hz / factor), self.seconds * factor

    def read(self, start_s: float, seconds: float) -> np.ndarray:
        """The samples between two times as (channels, samples); fewer where the file really ends.

        A header that promises more sound than follows gives a short array, never an allocation of the promise.
        """
        first = min(round(start_s * self.sample_rate_hz), self.file.frames)
        wanted, blocks = round(seconds * self.sample_rate_hz), []
        try:
            if first != self.file.tell():
                self.file.seek(first)
            while wanted > 0:
                block = self.file.read(min(wanted, BLOCK_FRAMES), dtype="float32", always_2d=True)
                if not len(block):
                    break
                blocks.append(block)
                wanted -= len(block)
        except soundfile.LibsndfileError as error:
            reason = f"decoding fails at {start_s:.2f} s, the header states {self.seconds:.2f} s"
            raise Unreadable(f"{reason} ({error.error_string.strip()})") from error
        return np.concatenate(blocks).T if blocks else np.zeros((self.channels, 0), np.float32)


@contextmanager
def opened(path: str) -> Iterator[SoundFile]:
    """Open a sound file of any codec that libsndfile or ffmpeg knows; raises Unreadable with the reason."""
    if os.path.getsize(path) == 0:
        raise Unreadable("the file is empty (0 bytes)")
    try:
        file = soundfile.SoundFile(path)
    except soundfile.LibsndfileError as error:
        # The content decides, not the ending: what a phone calls .mp3 is often AAC.
        try:
            with converted(path) as wav, soundfile.SoundFile(wav) as file:
                yield SoundFile(file)
        except SoundProblem as problem:
            reason = problem.what.replace(str(path), Path(path).name).replace(
                str(Path(path).absolute()), Path(path).name
            )
            raise Unreadable(f"no sound can be decoded: {reason}") from problem
        except EnvironmentProblem:
            if Path(path).suffix.lower() in FFMPEG_SUFFIXES:
                raise
            raise Unreadable(f"no sound can be decoded ({error.error_string.strip()})") from error
        return
    with file:
        yield SoundFile(file)


def promised_bytes(path: str) -> int | None:
    """How long a RIFF file says it is (bytes), None for other files and for streams of unknown length."""
    with open(path, "rb") as file:
        head = file.read(12)
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return None
    size = struct.unpack("<I", head[4:8])[0]
    return None if size == 0 or size >= OPEN_LENGTH else size + 8


def sha256_of(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
