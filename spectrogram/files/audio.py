"""Audio files in and out. Arrays are float32 (channels, samples), full scale is 1.0, rates are in Hz."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
import soxr

from spectrogram.files import atomic
from spectrogram.files.headers.riff import copy_with_comment
from spectrogram.files.sound_file import SoundFile, opened
from spectrogram.problems import SoundProblem

WRITABLE = {".wav": ("WAV", "PCM_16"), ".flac": ("FLAC", "PCM_16"), ".ogg": ("OGG", "VORBIS"), ".mp3": ("MP3", None)}


def resample(audio: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """Audio (channels, samples) at another rate, by soxr's high-quality polyphase filter."""
    if from_hz == to_hz:
        return audio
    return np.ascontiguousarray(soxr.resample(audio.T, from_hz, to_hz, quality="HQ").T, dtype=np.float32)


def mix_channels(audio: np.ndarray, channels: int) -> np.ndarray:
    """Audio with that many channels: the mean of all for one, repeated for more; equal counts pass through."""
    if audio.shape[0] == channels:
        return audio
    if channels == 2 and audio.shape[0] > 2:
        return audio[:2]
    return np.repeat(audio.mean(axis=0, keepdims=True), channels, axis=0)


def check_audio(audio: np.ndarray, name: str = "audio") -> np.ndarray:
    """Audio as float32 (channels, samples); names the first sample that is not a number."""
    audio = np.asarray(audio)
    if audio.ndim == 1:
        audio = audio[None]
    if audio.ndim != 2 or audio.shape[0] > 64 or not np.issubdtype(audio.dtype, np.floating):
        raise SoundProblem(
            f"{name} is {audio.dtype} {audio.shape}", "floats (channels, samples) in [-1, 1]", "transpose or convert it"
        )
    finite = np.isfinite(audio)
    if not finite.all():
        channel, sample = np.argwhere(~finite)[0]
        raise SoundProblem(
            f"{name} is not a number at sample {sample} of channel {channel}", "finite samples", "repair the recording"
        )
    return np.ascontiguousarray(audio, dtype=np.float32)


def read_audio(
    path,
    sample_rate_hz: int | None = None,
    channels: int | None = None,
    start_s: float = 0.0,
    seconds: float | None = None,
) -> tuple[np.ndarray, int]:
    """Float32 (channels, samples) and its rate; only the asked window is read. Raises SoundProblem.

    Every kind of file that `sound_file.opened` reads; one that ends before its header says is refused.
    """
    with sound_in(path, start_s, seconds) as file:
        audio, rate_hz = file.window(start_s, seconds), file.sample_rate_hz
    if audio.shape[1] == 0:
        raise SoundProblem(f"{path} holds no sample after {start_s:g} s", "at least one sample", "drop it")
    audio = check_audio(audio, str(path))
    if channels is not None:
        audio = mix_channels(audio, channels)
    if sample_rate_hz is not None:
        audio, rate_hz = resample(audio, rate_hz, sample_rate_hz), sample_rate_hz
    return audio, rate_hz


@contextmanager
def sound_in(path, start_s: float = 0.0, seconds: float | None = None) -> Iterator[SoundFile]:
    """`sound_file.opened` for a file that somebody named: a missing one is a SoundProblem."""
    if not Path(path).exists():
        raise SoundProblem(f"{path} does not exist", "an audio file", "check the path")
    with opened(path, start_s, seconds) as file:
        yield file


def above_full_scale(peak: float) -> str | None:
    """What is to be said of a sound whose largest sample is `peak` and that is divided by it; None up to 1."""
    if peak <= 1.0:
        return None
    return f"its samples reach {20 * np.log10(peak):.1f} dB above full scale: scaled to it"


def write_audio(path, audio: np.ndarray, sample_rate_hz: int, comment: str | None = None) -> Path:
    """Write wav, flac, ogg or mp3 by the suffix, 16-bit, samples beyond full scale clipped, atomically.

    The comment is kept in wav, flac and ogg; mp3 has none in libsndfile.
    """
    return write_blocks(path, [audio], sample_rate_hz, comment)


def write_blocks(path, blocks, sample_rate_hz: int, comment: str | None = None) -> Path:
    """`write_audio` for a sound that comes in successive blocks (channels, samples) and is never held whole."""
    path, blocks = Path(path), iter(blocks)
    if path.suffix.lower() not in WRITABLE:
        raise SoundProblem(f"{path.name} has an unknown suffix", f"one of {', '.join(WRITABLE)}", "rename the output")
    kind, subtype = WRITABLE[path.suffix.lower()]
    first = check_audio(next(blocks))
    with (
        atomic.replacing(path) as unfinished,
        soundfile.SoundFile(unfinished, "w", sample_rate_hz, first.shape[0], subtype, format=kind) as file,
    ):
        if comment and kind != "MP3":
            file.comment = comment
        for block in itertools.chain([first], blocks):
            _write_frames(file, np.clip(check_audio(block), -1.0, 1.0).T)
    return path


def _write_frames(file, frames: np.ndarray, size: int = 1 << 16):
    # libsndfile's Vorbis encoder overflows its stack on very long single writes.
    for start in range(0, len(frames), size):
        file.write(frames[start : start + size])


def write_wav_comment(path: str | Path, comment: str) -> Path:
    """Replace the comment of a WAV file, all or nothing; samples and all other chunks stay. Raises SoundProblem."""
    path = Path(path)
    with atomic.replacing(path) as unfinished, open(path, "rb") as source, open(unfinished, "w+b") as target:
        copy_with_comment(source, target, path, comment)
    return path
