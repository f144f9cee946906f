"""Audio files in and out. Arrays are float32 (channels, samples), full scale is 1.0, rates are in Hz."""

from pathlib import Path

import numpy as np

from spectrogram.files import atomic
from spectrogram.problems import SoundProblem

WRITABLE = {".wav": ("WAV", "PCM_16"), ".flac": ("FLAC", "PCM_16"), ".ogg": ("OGG", "VORBIS"), ".mp3": ("MP3", None)}
READABLE = (".wav", ".flac", ".ogg", ".mp3", ".opus", ".aif", ".aiff", ".au", ".m4a", ".aac", ".wma", ".webm", ".mp4")


def resample(audio: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """Audio (channels, samples) at another rate, by soxr's high-quality polyphase filter."""
    if from_hz == to_hz:
        return audio
    import soxr

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

    Formats beyond libsndfile's (m4a, wma, webm) go through ffmpeg: `spectrogram.files.ffmpeg`.
    """
    path = Path(path)
    if not path.is_file():
        raise SoundProblem(f"{path} does not exist", "an audio file", "check the path")
    audio, rate_hz = _read_window(path, start_s, seconds)
    if audio.shape[1] == 0:
        raise SoundProblem(f"{path} holds no sample after {start_s:g} s", "at least one sample", "drop it")
    audio = check_audio(audio, str(path))
    if channels is not None:
        audio = mix_channels(audio, channels)
    if sample_rate_hz is not None:
        audio, rate_hz = resample(audio, rate_hz, sample_rate_hz), sample_rate_hz
    return audio, rate_hz


def _read_window(path: Path, start_s: float, seconds: float | None) -> tuple[np.ndarray, int]:
    import soundfile

    _check_riff(path)
    try:
        with soundfile.SoundFile(path) as file:
            return _read_frames(file, path, start_s, seconds), file.samplerate
    except (soundfile.LibsndfileError, RuntimeError) as error:
        if isinstance(error, SoundProblem):
            raise
        return _read_with_ffmpeg(path, start_s, seconds)


def _check_riff(path: Path):
    """Refuse a WAV cut short, of which libsndfile would quietly read the rest; streams promise 0 or 2^32 - 1 bytes."""
    with path.open("rb") as file:
        head = file.read(12)
    promised = int.from_bytes(head[4:8], "little") + 8
    held = path.stat().st_size
    if head[:4] == b"RIFF" and head[8:] == b"WAVE" and held + 1 < promised < 2**32:
        raise SoundProblem(
            f"{path} holds {held:,} bytes", f"{promised:,} by its header", "fetch it again, or convert what is left"
        )


def _read_frames(file, path: Path, start_s: float, seconds: float | None) -> np.ndarray:
    first = min(round(start_s * file.samplerate), file.frames)
    wanted = file.frames - first if seconds is None else min(round(seconds * file.samplerate), file.frames - first)
    # A header may promise 2 GiB that the file does not hold; a compressed frame cannot exceed about 1:1000.
    if file.frames * file.channels > 4000 * max(path.stat().st_size, 1):
        raise SoundProblem(
            f"{path} promises {file.frames} frames in {path.stat().st_size} bytes", "an honest header", "fetch it again"
        )
    file.seek(first)
    audio = file.read(wanted, dtype="float32", always_2d=True)
    if len(audio) < wanted:
        raise SoundProblem(
            f"{path} ends after {(first + len(audio)) / file.samplerate:.2f} s",
            f"{file.frames / file.samplerate:.2f} s by its header",
            "fetch it again",
        )
    return audio.T


def _read_with_ffmpeg(path: Path, start_s: float, seconds: float | None) -> tuple[np.ndarray, int]:
    import soundfile

    from spectrogram.files.ffmpeg import converted

    with converted(path, start_s, seconds) as wav:
        audio, rate_hz = soundfile.read(wav, dtype="float32", always_2d=True)
    return audio.T, rate_hz


def write_audio(path, audio: np.ndarray, sample_rate_hz: int, comment: str | None = None) -> Path:
    """Write wav, flac, ogg or mp3 by the suffix, 16-bit, samples beyond full scale clipped, atomically.

    The comment is kept in wav, flac and ogg; mp3 has none in libsndfile.
    """
    return write_blocks(path, [audio], sample_rate_hz, comment)


def write_blocks(path, blocks, sample_rate_hz: int, comment: str | None = None) -> Path:
    """`write_audio` for a sound that comes in successive blocks (channels, samples) and is never held whole."""
    import itertools

    import soundfile

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
