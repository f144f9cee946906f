"""The clips of a row as one sound, each fading into the next."""

from pathlib import Path

import numpy as np

from space.store.clips import Clip, ClipStore
from spectrogram.files.audio import read_audio, write_audio

FADE_S = 0.25


def join(clips: list[Clip], store: ClipStore) -> Path:
    """One file of all clips in their order, in the format of the first; its recipe makes the row again."""
    sounds = [read_audio(clip.sound) for clip in clips]
    rate_hz = sounds[0][1]
    whole = sounds[0][0]
    for audio, _ in sounds[1:]:
        whole = crossfaded(whole, audio, min(round(FADE_S * rate_hz), whole.shape[1] // 2, audio.shape[1] // 2))
    first = clips[0].recipe
    kept = {name: value for name, value in first.settings.items() if name not in ("share", "way")}
    name = f"morph-{first.seed}{Path(clips[0].sound).suffix}"
    return write_audio(store.new_folder() / name, whole, rate_hz, comment=first.replace(settings=kept).to_json())


def crossfaded(one: np.ndarray, two: np.ndarray, samples: int) -> np.ndarray:
    """Both (channels, samples) after another, overlapping by `samples` at equal power."""
    angle = np.linspace(0, np.pi / 2, samples, dtype=one.dtype)
    both = one[:, one.shape[1] - samples :] * np.cos(angle) + two[:, :samples] * np.sin(angle)
    return np.concatenate([one[:, : one.shape[1] - samples], both, two[:, samples:]], axis=1)
