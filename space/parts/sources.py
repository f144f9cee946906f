"""The sound that a visitor brings: checked, cut to what the page can work on, and refused in words."""

from pathlib import Path

import numpy as np

from space.store.clips import ClipStore
from spectrogram.files.audio import read_audio, write_audio
from spectrogram.problems import SoundProblem

LONGEST_S = 30.0
SHORTEST_S = 0.2
SILENT_DB = -80.0
FORMATS = "WAV, FLAC, OGG, MP3, M4A or WebM"


def take_sound(path: str | None, store: ClipStore, longest_s: float = LONGEST_S) -> tuple[str, float, tuple[str, ...]]:
    """(file that the engine reads, its length in seconds, notes). Raises SoundProblem with what to do."""
    if not path:
        raise SoundProblem("there is no sound", "a recording", "upload one, record one, or use a result")
    try:
        audio, rate_hz = read_audio(path, seconds=longest_s + 0.1)
    except SoundProblem as problem:
        # Paths are the server's own affair: the visitor knows the file by what it is.
        told = f"the file cannot be read as sound{_reason(problem, path)}"
        raise SoundProblem(told, FORMATS, "convert it, or choose another one, and upload that") from problem
    seconds = audio.shape[1] / rate_hz
    if seconds < SHORTEST_S:
        raise SoundProblem(f"the sound is {seconds:.2f} s long", f"at least {SHORTEST_S} s", "use a longer one")
    level_db = 20 * np.log10(float(np.abs(audio).max()) + 1e-12)
    if level_db < SILENT_DB:
        raise SoundProblem("the sound is silent", "something to hear", "check the recording or choose another one")
    if seconds <= longest_s:
        return path, seconds, ()
    cut = audio[:, : round(longest_s * rate_hz)]
    trimmed = write_audio(store.new_folder() / "trimmed.wav", cut, rate_hz)
    return str(trimmed), longest_s, (f"The sound is longer than {longest_s:g} s; its first {longest_s:g} s were used.",)


def _reason(problem: SoundProblem, path: str) -> str:
    """ ": it is a picture"; nothing where the decoders only say in their own words that they cannot read it."""
    what = problem.what.replace(str(path), "it").replace(Path(path).name, "it")[:160]
    return "" if "cannot be decoded" in what else f": {what}"
