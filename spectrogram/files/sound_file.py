"""The one reader of sound files: whole, whatever their name and whatever their header leaves open.

What is in a file decides how it is read, not its ending. libsndfile reads what it knows; ffmpeg the rest, and what
libsndfile would cut short. Times in seconds, samples float32 (channels, samples), full scale 1.0: files in floating
point and lossy ones may exceed it.
"""

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
import soundfile

from spectrogram.files import ffmpeg
from spectrogram.files.endings import PLAIN
from spectrogram.files.headers import mp3, riff
from spectrogram.problems import EnvironmentProblem, SoundProblem

PICTURE_STARTS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*")
MOST_CHANNELS = 64
# From a rate of a few hertz a small file becomes hours of sound at any other rate.
LOWEST_HZ, HIGHEST_HZ = 100, 1_000_000
BLOCK_FRAMES = 1 << 16
# libsndfile answers with this, or with nothing, where a header does not say how long a sound is.
UNKNOWN_FRAMES = 1 << 62
EXCEEDING = ("FLOAT", "DOUBLE", "VORBIS", "OPUS", "MPEG")


class Truncated(SoundProblem):
    """A file that ends before the time that its header states."""


class SoundFile:
    """An open sound: `sample_rate_hz`, `channels`, `seconds` as declared, `frames`, and `read`.

    `may_exceed`: its samples may lie beyond full scale. `is_stated`: the header says how long it is; else `seconds` is
    what its size and bit rate make likely.
    """

    def __init__(self, file: soundfile.SoundFile, name: str, offset_s: float = 0.0, may_exceed: bool | None = None):
        if not 0 < file.channels <= MOST_CHANNELS:
            raise SoundProblem(f"{name} declares {file.channels} channels", f"{MOST_CHANNELS} at most", "convert it")
        if not LOWEST_HZ <= file.samplerate <= HIGHEST_HZ:
            told = f"{name} declares {file.samplerate} samples a second"
            raise SoundProblem(told, f"{LOWEST_HZ} to {HIGHEST_HZ:,}", "convert it, or correct its header")
        self.file, self.name, self.offset_s = file, name, offset_s
        self.is_stated = True
        self.sample_rate_hz, self.channels, self.frames = file.samplerate, file.channels, file.frames
        self.seconds = offset_s + file.frames / file.samplerate
        self.may_exceed = file.subtype.startswith(EXCEEDING) if may_exceed is None else may_exceed

    def expand(self, factor: float) -> None:
        """Take the sound as one that is played so many times slower (a factor of 10 makes 192 kHz 19.2 kHz)."""
        self.sample_rate_hz, self.seconds = round(self.sample_rate_hz / factor), self.seconds * factor

    def read(self, start_s: float = 0.0, seconds: float | None = None) -> np.ndarray:
        """The samples between two times, float32 (channels, samples); fewer where the file really ends.

        A header that promises more sound than follows gives a short array, never an allocation of the promise.

        Raises:
            SoundProblem: The file is damaged before the end of that part.
        """
        blocks = list(self.blocks(start_s, seconds))
        return np.concatenate(blocks, axis=1) if blocks else np.zeros((self.channels, 0), np.float32)

    def window(self, start_s: float = 0.0, seconds: float | None = None) -> np.ndarray:
        """`read`, refused with Truncated where the file ends before its header says."""
        audio, rate_hz = self.read(start_s, seconds), self.sample_rate_hz
        first, held = round(start_s * rate_hz), round(self.seconds * rate_hz)
        wanted = held - first if seconds is None else min(round(seconds * rate_hz), held - first)
        if audio.shape[1] < wanted and self.is_stated:
            what = f"{self.name} ends after {(first + audio.shape[1]) / rate_hz:.2f} s"
            raise Truncated(what, f"{self.seconds:.2f} s by its header", "fetch it again")
        return audio

    def peak(self, seconds: float | None = None) -> float:
        """The largest sample of the first seconds, or of the whole sound, read a block at a time."""
        return max((float(np.abs(block).max(initial=0.0)) for block in self.blocks(0.0, seconds)), default=0.0)

    def blocks(self, start_s: float = 0.0, seconds: float | None = None) -> Iterator[np.ndarray]:
        """`read` a block at a time, so that memory stays flat however long the sound is."""
        first = min(max(0, round((start_s - self.offset_s) * self.sample_rate_hz)), self.frames)
        wanted = self.frames - first if seconds is None else round(seconds * self.sample_rate_hz)
        try:
            if first != self.file.tell():
                self.file.seek(first)
            while wanted > 0:
                block = self.file.read(min(wanted, BLOCK_FRAMES), dtype="float32", always_2d=True)
                if not len(block):
                    return
                yield block.T
                wanted -= len(block)
        except soundfile.LibsndfileError as error:
            what = f"decoding {self.name} fails at {start_s:.2f} s, the header states {self.seconds:.2f} s"
            raise SoundProblem(f"{what} ({error.error_string.strip()})", "a whole file", "fetch it again") from error


@contextmanager
def opened(path, start_s: float = 0.0, seconds: float | None = None) -> Iterator[SoundFile]:
    """Open a sound file of any kind that libsndfile or ffmpeg reads.

    Args:
        path: A regular file.
        start_s, seconds: The part that will be read, if that is known: of long files ffmpeg then decodes no more.

    Raises:
        FileNotFoundError: There is no such file.
        Truncated: A WAV holds less than its header promises.
        SoundProblem: It is no sound, or an empty file.
        EnvironmentProblem: ffmpeg is needed and missing.
    """
    path = Path(path)
    head = _head(path)
    if head.startswith(PICTURE_STARTS) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        remedy = f"turn it into sound first: python -m spectrogram decode {path}"
        raise SoundProblem(f"{path} is a picture", "a sound file", remedy)
    is_mp3 = mp3.is_mp3(head)
    length = mp3.length(path) if is_mp3 else mp3.STATED
    whole = is_mp3 or head[:4] == b"fLaC"  # ffmpeg would guess where in it a time lies
    source = None if length == mp3.UNKNOWN else _source(path, head)
    try:
        file = soundfile.SoundFile(source) if source is not None else None
    except (soundfile.LibsndfileError, RuntimeError) as error:
        file, reason = None, getattr(error, "error_string", str(error)).strip()
    else:
        reason = "it has no length that can be trusted"
    # libsndfile finds something like an MP3 frame in almost any file.
    trusted = file is not None and (is_mp3 or file.format != "MP3")
    if trusted and (0 < file.frames < UNKNOWN_FRAMES or _is_empty(file, path)):
        with file, source if isinstance(source, _Closed) else nullcontext():
            sound = SoundFile(file, str(path))
            sound.is_stated = length == mp3.STATED
            yield sound
        return
    with _decoded(path, reason, 0.0 if whole else start_s, _until(start_s, seconds, whole)) as file:
        yield file


def check_regular(path) -> os.stat_result:
    """The facts of a regular file. A pipe, a device or a folder is refused: reading one may never end."""
    facts = os.stat(path)
    if not stat.S_ISREG(facts.st_mode):
        raise SoundProblem(f"{path} is no regular file", "a sound file", "give the file itself")
    return facts


def _head(path: Path) -> bytes:
    if check_regular(path).st_size == 0:
        raise SoundProblem("the file is empty (0 bytes)", "a sound file", f"fetch {path} again")
    with open(path, "rb") as file:
        return file.read(64)


def _source(path: Path, head: bytes):
    """What libsndfile is to open, None where it would cut the sound short."""
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return _wav_source(path)
    if head[4:8] == b"ftyp":  # MP4 and its kin, of which libsndfile knows none
        return None
    if head[:4] == b"fLaC" and int.from_bytes(head[21:26], "big") & 0xFFFFFFFFF == 0:
        return None
    return str(path)


def _wav_source(path: Path):
    layout = riff.sound_layout(path)
    if layout is None or layout.codec in riff.MPEG_CODECS:
        return None
    if layout.is_open:
        return _Closed(path, layout)
    missing = layout.declared - layout.held
    if missing > riff.MISCOUNTED:
        lasts = f", {layout.held / layout.bytes_a_second:.2f} s of sound" if layout.bytes_a_second else ""
        raise Truncated(
            f"{path} holds {layout.held:,} of {layout.declared:,} bytes{lasts}",
            "all that its header promises",
            "fetch it again, or convert what is left",
        )
    return str(path)


class _Closed(io.RawIOBase):
    """A WAV file whose header was never finished, read as if the sound went on to the end of the file."""

    def __init__(self, path: Path, layout):
        self.file = open(path, "rb")  # noqa: SIM115 closed with this object
        size = min(layout.held - layout.held % max(layout.bytes_a_frame, 1), 2**32 - 1 - 64)
        sizes = {4: layout.start - 8 + size, layout.start - 4: size}
        self.patches = {place: number.to_bytes(4, "little") for place, number in sizes.items()}

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()

    def readinto(self, buffer) -> int:
        first = self.file.tell()
        count = self.file.readinto(buffer)
        for place, data in self.patches.items():
            for index, byte in enumerate(data):
                if first <= place + index < first + count:
                    buffer[place + index - first : place + index - first + 1] = bytes([byte])
        return count

    def close(self) -> None:
        self.file.close()
        super().close()


def _is_empty(file: soundfile.SoundFile, path: Path) -> bool:
    """A WAV without a sample has none; other formats may only have left their length open."""
    return file.frames == 0 and (file.format in ("WAV", "WAVEX") or os.path.getsize(path) < 1024)


def _until(start_s: float, seconds: float | None, whole: bool) -> float | None:
    return None if seconds is None else seconds + (start_s if whole else 0.0)


@contextmanager
def _decoded(path: Path, reason: str, start_s: float, seconds: float | None) -> Iterator[SoundFile]:
    try:
        ffmpeg.program()
    except EnvironmentProblem:
        if path.suffix.lower() not in PLAIN:
            raise
        remedy = "or, if it is a sound of another kind, install ffmpeg"
        raise SoundProblem(f"{path} cannot be decoded ({reason})", "an audio file", remedy) from None
    with ffmpeg.converted(path, start_s, seconds) as wav, soundfile.SoundFile(wav) as file:
        yield SoundFile(file, str(path), start_s, may_exceed=True)
