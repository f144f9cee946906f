"""A few clips of a dataset to listen to, beside what comes back from their pictures, with the distance in figures."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image
from pyarrow import parquet

from dataset_builder.intake.names import safe
from spectrogram.codec import SpectrogramCodec
from spectrogram.files.audio import write_audio
from spectrogram.files.dataset_folder import CARD, shards
from spectrogram.params import SpectrogramParams

COUNT = 5
FLOOR = 1e-5
FRAME, HOP = 2048, 512


@dataclass(frozen=True)
class Example:
    """One clip: files below the dataset's folder, the log-spectral distance of sound and decoded sound in dB, the
    picture, and the picture of the decoded sound."""

    caption: str
    sound: str
    decoded: str
    distance_db: float
    picture: Image.Image
    again: Image.Image


def round_trip(folder: Path, config: str, params: SpectrogramParams) -> list[Example]:
    """Write card/CONFIG/NAME.flac and NAME_decoded.flac for the first clips of train; returns them."""
    (folder / CARD / config).mkdir(parents=True, exist_ok=True)
    rows = parquet.ParquetFile(shards(folder, config)[0]).read_row_group(
        0, columns=["clip_id", "caption", "image", "audio"]
    )
    codec = SpectrogramCodec(params)
    return [example(row, folder, f"{CARD}/{config}", codec) for row in rows.slice(0, COUNT).to_pylist()]


def example(row: dict, folder: Path, place: str, codec: SpectrogramCodec) -> Example:
    sound, rate_hz = soundfile.read(io.BytesIO(row["audio"]["bytes"]), dtype="float32", always_2d=True)
    picture = Image.open(io.BytesIO(row["image"]["bytes"])).convert("RGB")
    decoded, _ = codec.decode(picture)
    name = f"{place}/{safe(row['image']['path'].removesuffix('.png'))}"
    (folder / f"{name}.flac").write_bytes(row["audio"]["bytes"])
    write_audio(folder / f"{name}_decoded.flac", decoded, rate_hz)
    again = codec.encode(decoded, rate_hz)
    distance = distance_db(sound.T, decoded)
    return Example(row["caption"], f"{name}.flac", f"{name}_decoded.flac", distance, picture, again)


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
