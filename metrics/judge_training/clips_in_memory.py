"""All training clips as log-mels in memory, one byte a number, with codec round trips of some of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from metrics.embedders.sound_cnn_features import BANDS, HOP_SAMPLES, RATE_HZ, log_mel_db
from metrics.judge_training.examples import Example
from spectrogram.codec import SpectrogramCodec
from spectrogram.files.audio import read_audio, resample
from spectrogram.params import SpectrogramParams

FRAMES = 320  # 5.12 s
STEP_DB = 0.5
LOWEST_DB = -112.0


@dataclass
class ClipsInMemory:
    """Log-mels as bytes (n, 320, 64) in steps of 0.5 dB, targets (n, classes) that sum to 1, and their origin."""

    bytes_db: np.ndarray
    targets: np.ndarray
    folders: list[str]
    real: np.ndarray
    decoded: np.ndarray
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.bytes_db)

    def db(self, index: int) -> np.ndarray:
        """Clip in dB, float32 (320, 64)."""
        return self.bytes_db[index].astype(np.float32) * STEP_DB + LOWEST_DB


def load_clips(
    examples: list[Example],
    classes: tuple[str, ...],
    decoded_share: float,
    seed: int,
    on_clip: Callable[[], None] | None = None,
) -> ClipsInMemory:
    """The clips of the examples, cut or padded to 5.12 s, real ones longer than that cut into up to three pieces.

    decoded_share of them comes a second time, after a round trip through the spectrogram codec ("mini").
    """
    rng = np.random.default_rng(seed)
    codec = _codec()
    pieces, targets, folders, real, decoded = [], [], [], [], []
    for example in examples:
        target = np.zeros(len(classes), dtype=np.float32)
        for name in example.classes:
            target[classes.index(name)] = 1 / len(example.classes)
        for piece, was_decoded in _pieces(example, codec, rng.random() < decoded_share):
            pieces.append(_as_bytes(piece))
            targets.append(target)
            folders.append(example.folder)
            real.append(example.real)
            decoded.append(was_decoded)
        if on_clip:
            on_clip()
    return ClipsInMemory(np.stack(pieces), np.stack(targets), folders, np.array(real), np.array(decoded), classes)


def _pieces(example: Example, codec, with_decoded: bool):
    audio, rate_hz = read_audio(example.path, channels=1)
    samples = round(FRAMES * HOP_SAMPLES / RATE_HZ * rate_hz)
    starts = range(0, min(max(audio.shape[1] - samples // 2, 1), 3 * samples), samples)
    for start in starts:
        piece = audio[:, start : start + samples]
        yield log_mel_db(resample(piece, rate_hz, RATE_HZ)[0]), False
        if with_decoded:
            heard, heard_rate_hz = codec.decode(codec.encode(piece, rate_hz))
            yield log_mel_db(resample(heard, heard_rate_hz, RATE_HZ)[0]), True


def _codec():
    return SpectrogramCodec(SpectrogramParams.preset("mini"))


def _as_bytes(db: np.ndarray) -> np.ndarray:
    fitted = np.full((FRAMES, BANDS), LOWEST_DB, dtype=np.float32)
    fitted[: min(FRAMES, len(db))] = db[:FRAMES]
    return np.clip(np.rint((fitted - LOWEST_DB) / STEP_DB), 0, 255).astype(np.uint8)
