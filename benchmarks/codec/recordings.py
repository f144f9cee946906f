"""The real clips that codecs are compared on."""

from pathlib import Path

import numpy as np
import soundfile

from benchmarks.codec import judges
from spectrogram.files.audio import read_audio

SECONDS = 5.12
SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")


def choose_clips(folder: Path, count: int, seed: int, seconds: float = SECONDS, channels: int = 1) -> list[np.ndarray]:
    """Clips (channels, samples) at 44.1 kHz, not silent, of random recordings from each collection in turn.

    A recording may be up to 5 % too short; the rest is silence.
    """
    queues = []
    for collection in sorted(path for path in folder.iterdir() if path.is_dir()) or [folder]:
        files = sorted(file for file in collection.rglob("*") if file.suffix.lower() in SUFFIXES)
        if files and collection.name != "seed_outputs":
            np.random.default_rng(seed).shuffle(files)
            queues.append(iter(files))
    clips: list[np.ndarray] = []
    while queues and len(clips) < count:
        for queue in list(queues):
            for file in queue:
                facts = soundfile.info(file)
                fits = facts.samplerate >= judges.RATE_HZ and facts.duration >= 0.95 * seconds
                if fits and facts.channels >= channels and (clip := _read_clip(file, seconds, channels)) is not None:
                    clips.append(clip)
                    break
            else:
                queues.remove(queue)
    return clips[:count]


def _read_clip(file: Path, seconds: float, channels: int) -> np.ndarray | None:
    audio, _ = read_audio(file, judges.RATE_HZ, channels=channels, seconds=seconds)
    clip = np.zeros((channels, round(seconds * judges.RATE_HZ)), np.float32)
    clip[:, : audio.shape[1]] = audio[:, : clip.shape[1]]
    audible = np.sqrt(np.mean(clip**2)) > 1e-4 and (channels == 1 or np.std(clip[0] - clip[1]) > 1e-3)
    return clip if audible else None
