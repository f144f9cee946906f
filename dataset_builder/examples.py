"""A few clips of a dataset to listen to, beside what comes back from their pictures, with the distance in figures."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image
from pyarrow import parquet

from spectrogram.audio_io import write_audio
from spectrogram.codec import SpectrogramCodec

COUNT = 5
FLOOR = 1e-5
FRAME, HOP = 2048, 512


@dataclass(frozen=True)
class Example:
    """One clip: files below the dataset's folder, and the log-spectral distance of sound and decoded sound in dB."""

    caption: str
    sound: str
    decoded: str
    distance_db: float


def round_trip(folder: Path, settings) -> list[Example]:
    """Write card/NAME.flac and card/NAME_decoded.flac for the first clips of train; returns them."""
    (folder / "card").mkdir(exist_ok=True)
    shards = sorted((folder / "data").glob("*.parquet"))
    shard = next((path for path in shards if path.name.startswith("train")), shards[0])
    rows = parquet.ParquetFile(shard).read_row_group(0, columns=["clip_id", "caption", "image", "audio"]).to_pylist()
    codec = SpectrogramCodec(settings.params)
    return [example(row, folder, codec) for row in rows[:COUNT]]


def example(row: dict, folder: Path, codec: SpectrogramCodec) -> Example:
    sound, rate_hz = soundfile.read(io.BytesIO(row["audio"]["bytes"]), dtype="float32", always_2d=True)
    decoded, _ = codec.decode(Image.open(io.BytesIO(row["image"]["bytes"])))
    name = f"card/{row['image']['path'].removesuffix('.png')}"
    (folder / f"{name}.flac").write_bytes(row["audio"]["bytes"])
    write_audio(folder / f"{name}_decoded.flac", decoded, rate_hz)
    return Example(row["caption"], f"{name}.flac", f"{name}_decoded.flac", distance_db(sound.T, decoded))


def distance_db(one: np.ndarray, other: np.ndarray) -> float:
    """Log-spectral distance (Gray & Markel 1976) of two sounds (channels, samples): RMS over bins, mean over frames.

    Magnitudes below 100 dB under a full-scale sine count as that, so that digital silence is comparable.
    """
    length = min(one.shape[1], other.shape[1])
    levels = [20 * np.log10(np.maximum(spectrogram(sound[:, :length].mean(axis=0)), FLOOR)) for sound in (one, other)]
    return float(np.sqrt(((levels[0] - levels[1]) ** 2).mean(axis=1)).mean())


def spectrogram(sound: np.ndarray) -> np.ndarray:
    """Magnitudes (frames, bins), 1 for a full-scale sine."""
    window = np.hanning(FRAME)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(sound, (0, FRAME)), FRAME)[::HOP]
    return np.abs(np.fft.rfft(frames * window)) / (window.sum() / 2)
