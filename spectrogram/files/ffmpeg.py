"""The one place that calls ffmpeg: sounds that libsndfile cannot read become a temporary WAV.

The program is the one on the path, else the one inside the package imageio-ffmpeg, so that m4a, wma and webm are read
where nobody is an administrator.  A file from a stranger is opened as a plain sound file and as nothing else: a
playlist named .m4a could make ffmpeg open other files of this machine or addresses of its network.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spectrogram.problems import EnvironmentProblem, SoundProblem

INSTALL = (
    "Debian: apt install ffmpeg; macOS: brew install ffmpeg; Windows: winget install ffmpeg; "
    "or without an administrator: pip install imageio-ffmpeg"
)
# Demuxers of files that hold sound themselves; none that follows a list, an address, a pattern or a script.
DEMUXERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dts,eac3,flac,flv,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,"
    "mp3,mpc,mpc8,mpeg,mpegts,ogg,rm,tak,tta,voc,w64,wav,wv"
)
LONGEST_S = 4 * 3600
TIMEOUT_S = 600


def program() -> str:
    """The path of ffmpeg: the system's, else the one of the package imageio-ffmpeg.

    Raises:
        EnvironmentProblem: Neither is there; the text names the command for each system.
    """
    found = shutil.which("ffmpeg") or _packaged()
    if found is None:
        raise EnvironmentProblem(
            "ffmpeg is missing", "the program that decodes m4a, wma, webm and cuts videos", INSTALL
        )
    return found


def _packaged() -> str | None:
    try:
        import imageio_ffmpeg
    except ImportError:
        return None
    try:
        return imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError:  # the package has no binary for this system
        return None


@contextmanager
def converted(path, start_s: float = 0.0, seconds: float | None = None) -> Iterator[str]:
    """Yield the path of a temporary WAV (32-bit float, the file's own rate and channels) of a window of a sound file.

    Args:
        path: A file that libsndfile cannot read; its content decides how it is decoded, not its name.
        start_s, seconds: The window, in seconds; the whole file at most up to LONGEST_S.

    Raises:
        SoundProblem: The file is no sound that ffmpeg can decode.
        EnvironmentProblem: There is no ffmpeg.
    """
    ffmpeg = program()
    with tempfile.TemporaryDirectory(prefix="sd-audio-") as folder:
        wav = os.path.join(folder, "sound.wav")
        command = [ffmpeg, "-nostdin", "-v", "error", "-protocol_whitelist", "file", "-format_whitelist", DEMUXERS]
        command += ["-ss", str(start_s)] if start_s else []
        command += ["-t", str(min(seconds or LONGEST_S, LONGEST_S)), "-i", f"file:{Path(path).absolute()}"]
        command += ["-map", "0:a:0", "-c:a", "pcm_f32le", "-rf64", "auto", wav]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", timeout=TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise SoundProblem(
                f"{path} was not decoded in {TIMEOUT_S // 60} minutes", "an audio file", "convert it to flac first"
            ) from error
        if done.returncode or not os.path.exists(wav):
            reason = (done.stderr.strip().splitlines() or ["it holds no sound"])[-1]
            if "matches no streams" in done.stderr:
                raise SoundProblem(f"{path} holds no sound", "a file with a sound track", "choose another one")
            raise SoundProblem(f"{path} cannot be decoded ({reason})", "an audio file", "convert it to wav or flac")
        yield wav
