"""Comments in WAV files, of any length and in UTF-8: libsndfile silently drops those over about 2 kB.

A WAV file is RIFF: `RIFF <size> WAVE`, then chunks `<4-letter name> <size> <data> <pad to even>`; sizes are 32-bit
little-endian. A comment is the `ICMT` entry of a `LIST` chunk of type `INFO` (Multimedia Programming Interface 1.0).
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from spectrogram.problems import SoundProblem

LONGEST_COMMENT = 1 << 20
MPEG_CODECS = (0x50, 0x55)  # MP2 and MP3 inside a WAV
# What writers put where they cannot know the length yet: pipes of ffmpeg, arecord and sox, a recorder that crashed.
OPEN_SIZES = (0, 0x7FFFF000, 0x80000000, 0xFFFFFFFF)
HEADERS = (0, 36, 44)  # bytes that some writers take off or add by mistake
MISCOUNTED = 64


@dataclass(frozen=True)
class SoundLayout:
    """Where the samples of a WAV lie: `declared` bytes by the header, `held` by the file. `codec` is a number."""

    codec: int
    bytes_a_frame: int
    bytes_a_second: int
    start: int
    declared: int
    held: int
    follows: bool

    @property
    def is_open(self) -> bool:
        """The header does not say how long the sound is, so that it goes on to the end of the file."""
        if self.declared == 0:
            return self.held > 0 and not self.follows
        near = (size - self.declared - header for size in OPEN_SIZES[1:] for header in HEADERS)
        return self.held < self.declared and any(0 <= gap < max(self.bytes_a_frame, 1) for gap in near)


def sound_layout(path: str | Path) -> SoundLayout | None:
    """How a WAV file's samples lie in it; None without a format or a data chunk."""
    with open(path, "rb") as file:
        end, form = file.seek(0, os.SEEK_END), None
        for name, start, size, declared in _chunks(file, Path(path)):
            if name == b"fmt " and size >= 14:
                form = struct.unpack("<HHIIH", _read(file, start, 14))
            if name == b"data":
                codec, _, _, a_second, a_frame = form or (0, 0, 0, 0, 0)
                held = end - start if declared == 0 else size
                return SoundLayout(codec, a_frame, a_second, start, declared, held, _more_chunks(file, start, end))
    return None


def _more_chunks(file: BinaryIO, start: int, end: int) -> bool:
    """True when what begins at `start` is a row of further chunks that ends with the file."""
    while start + 8 <= end:
        name, size = struct.unpack("<4sI", _read(file, start, 8))
        if not all(32 <= byte < 127 for byte in name):
            return False
        start += 8 + size + size % 2
    return start in (end, end + 1)


def read_wav_comment(path: str | Path) -> str | None:
    """The comment of a WAV file, or None when it has none; raises SoundProblem when the file is no RIFF."""
    with open(path, "rb") as file:
        for name, start, size, _ in _chunks(file, Path(path)):
            if name == b"LIST" and size <= LONGEST_COMMENT:
                comment = _info_entries(_read(file, start, size)).get(b"ICMT")
                if comment is not None:
                    return comment.rstrip(b"\0").decode("utf-8", errors="replace")
    return None


def copy_with_comment(source: BinaryIO, target: BinaryIO, path: Path, comment: str):
    """Copy an open WAV file with another comment; samples and all other chunks stay byte for byte.

    Raises:
        SoundProblem: The comment is too long, or the file is no RIFF.
    """
    data = comment.encode("utf-8") + b"\0"
    if len(data) > LONGEST_COMMENT:
        raise SoundProblem(f"the comment is {len(data)} bytes long", f"{LONGEST_COMMENT} at most", "shorten it")
    entries: dict[bytes, bytes] = {}
    target.write(b"RIFF\0\0\0\0WAVE")
    for name, start, size, _ in _chunks(source, path):
        if name == b"LIST" and size <= LONGEST_COMMENT and _read(source, start, 4) == b"INFO":
            entries |= _info_entries(_read(source, start, size))
            continue
        target.write(struct.pack("<4sI", name, size))
        source.seek(start)
        _copy(source, target, size)
        target.write(b"\0" * (size % 2))
    entries[b"ICMT"] = data
    target.write(_chunk(b"LIST", b"INFO" + b"".join(_chunk(name, entry) for name, entry in entries.items())))
    total = target.tell() - 8
    target.seek(4)
    target.write(struct.pack("<I", total))


def _copy(source: BinaryIO, target: BinaryIO, size: int, block: int = 1 << 20):
    while size:
        data = source.read(min(size, block))
        target.write(data)
        size -= len(data)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack("<4sI", name, len(data)) + data + b"\0" * (len(data) % 2)


def _read(file: BinaryIO, start: int, size: int) -> bytes:
    file.seek(start)
    return file.read(size)


def _chunks(file: BinaryIO, path: Path) -> Iterator[tuple[bytes, int, int, int]]:
    """(name, start of the data, size, declared size) of each chunk; sizes are cut to what the file holds."""
    end = file.seek(0, os.SEEK_END)
    head = _read(file, 0, 12)
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
        raise SoundProblem(
            f"{path.name} starts with {head[:4]!r}", "a WAV file (RIFF)", "convert it to wav, flac or png"
        )
    position = 12
    while position + 8 <= end:
        name, declared = struct.unpack("<4sI", _read(file, position, 8))
        size = min(declared, end - position - 8)
        yield name, position + 8, size, declared
        position += 8 + size + size % 2


def _info_entries(data: bytes) -> dict[bytes, bytes]:
    """Entries of a LIST chunk of type INFO, by name; empty for other lists."""
    entries: dict[bytes, bytes] = {}
    position = 4
    while data[:4] == b"INFO" and position + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        entries[name] = data[position + 8 : position + 8 + size]
        position += 8 + size + size % 2
    return entries
