"""The sound of a section of a video, cut out by yt-dlp and ffmpeg, as a FLAC file.

Needs the programs ffmpeg and (for YouTube itself) a JavaScript runtime; ``pip install "yt-dlp[default,deno]"`` has it.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from yt_dlp import YoutubeDL
from yt_dlp.postprocessor.ffmpeg import FFmpegPostProcessor
from yt_dlp.utils import DownloadError, download_range_func

from dataset_builder.intake.entries import Entry
from dataset_builder.sources.failures import Failure, failure_of
from spectrogram.files import ffmpeg
from spectrogram.files.audio import read_audio, write_audio
from spectrogram.files.digest import sha256_of
from spectrogram.problems import EnvironmentProblem, SoundProblem

TOLERANCE_S = 0.25
YOUTUBE = "https://www.youtube.com/watch?v={id}"


@dataclass(frozen=True)
class Fetched:
    """A sound file under a temporary name; ``attribution`` is the uploader."""

    path: Path
    sha256: str
    seconds: float
    attribution: str = ""


@dataclass(frozen=True)
class YouTube:
    """``fetch(entry, folder)``; ``address`` has ``{id}`` where the id goes, ``extractors`` come before yt-dlp's."""

    address: str = YOUTUBE
    cookies: str | None = None
    proxy: str | None = None
    timeout_s: float = 15.0
    extractors: tuple[type, ...] = ()

    def check(self) -> None:
        """Raise EnvironmentProblem when a program or package is missing, before the first request."""
        ffmpeg.program()
        try:
            import yt_dlp  # noqa: F401
        except ImportError as error:
            raise EnvironmentProblem(
                "yt-dlp is missing", "expected the package", 'pip install "yt-dlp[default,deno]"'
            ) from error

    def fetch(self, entry: Entry, folder: Path) -> Fetched:
        """The section [start_s, start_s + seconds) in a new folder below ``folder``; raises Failure."""
        # Cutting asks this variable, as yt-dlp's own --ffmpeg-location sets it; the option reaches everything else.
        FFmpegPostProcessor._ffmpeg_location.set(ffmpeg.program())
        own = Path(tempfile.mkdtemp(dir=folder))
        try:
            # The first extractor that knows an address wins, so ours are added before yt-dlp's own.
            with YoutubeDL(self.options(entry, own), auto_init=False) as youtube:
                for extractor in self.extractors:
                    youtube.add_info_extractor(extractor())
                youtube.add_default_info_extractors()
                facts = youtube.extract_info(self.address.format(id=entry.recording))
        except DownloadError as error:
            raise failure_of(error) from error
        return fetched(entry, own, facts)

    def options(self, entry: Entry, own: Path) -> dict:
        end_s = entry.start_s + (entry.seconds or 10.0)
        return {
            "format": "bestaudio/best",
            "outtmpl": str(own / "sound.%(ext)s"),
            "quiet": True,
            "noprogress": True,
            "no_warnings": True,
            "logger": Silent(),
            "cachedir": False,
            "noplaylist": True,
            "retries": 0,
            "extractor_retries": 0,
            "socket_timeout": self.timeout_s,
            "download_ranges": download_range_func(None, [(entry.start_s, end_s)]),
            "force_keyframes_at_cuts": True,
            "ffmpeg_location": ffmpeg.program(),
            "cookiefile": self.cookies,
            "proxy": self.proxy,
        }


def fetched(entry: Entry, own: Path, facts: dict) -> Fetched:
    """Check that the whole section arrived; a video that ends inside it may be shorter by that much."""
    try:
        audio, rate_hz = read_audio(facts["requested_downloads"][0]["filepath"])
    except SoundProblem as problem:
        raise Failure("ffmpeg", "the section holds no sound that can be decoded") from problem
    # yt-dlp's own way to a FLAC needs ffprobe, which a machine with only the packaged ffmpeg lacks.
    path, seconds = write_audio(own / "sound.flac", audio, rate_hz), audio.shape[1] / rate_hz
    wanted_s = entry.seconds or 10.0
    if facts.get("duration"):
        wanted_s = min(wanted_s, facts["duration"] - entry.start_s)
    if seconds < wanted_s - TOLERANCE_S:
        raise Failure("truncated", f"{seconds:.2f} s of {wanted_s:.2f} s arrived")
    return Fetched(path, sha256_of(str(path)), seconds, facts.get("uploader") or "")


class Silent:
    """yt-dlp's messages go nowhere: what matters comes back as an error."""

    def debug(self, message: str) -> None:
        pass

    info = warning = error = debug
