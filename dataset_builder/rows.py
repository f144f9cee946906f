"""Rows of the dataset: picture, sound, captions and provenance, as plain values that Arrow can hold.

``image`` is a PNG that carries the codec's parameters, ``audio`` the FLAC (16 bit, codec's rate) that the picture
shows; both are bytes, so that a reader needs no decoder for the other columns.
"""

from __future__ import annotations

import io

import numpy as np
import pyarrow
import soundfile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dataset_builder.clips import Clip
from dataset_builder.entries import Entry
from spectrogram.codec import SpectrogramCodec
from spectrogram.params import KEY, SpectrogramParams

# Level 3 gives the smallest file of all levels on such pictures (24.6 kB against 31.4 at 4) and is fast.
PNG_LEVEL = 3
MEDIA = pyarrow.struct({"bytes": pyarrow.binary(), "path": pyarrow.string()})
SCHEMA = pyarrow.schema(
    {
        "image": MEDIA,
        "audio": MEDIA,
        "caption": pyarrow.string(),
        "captions": pyarrow.list_(pyarrow.string()),
        "label": pyarrow.string(),
        "clip_id": pyarrow.string(),
        "recording": pyarrow.string(),
        "source": pyarrow.string(),
        "licence": pyarrow.string(),
        "attribution": pyarrow.string(),
        "start_s": pyarrow.float32(),
        "duration_s": pyarrow.float32(),
        "rms_db": pyarrow.float32(),
        "peak_db": pyarrow.float32(),
        "clipped": pyarrow.float32(),
        "source_rate_hz": pyarrow.int32(),
        "source_channels": pyarrow.int32(),
        "source_seconds": pyarrow.float32(),
        "sha256": pyarrow.string(),
        "codec": pyarrow.string(),
    }
)


def features():
    """The same columns as ``datasets.Features``, with Image and Audio for the two media columns."""
    from datasets import Audio, Features, Image

    return Features({**Features.from_arrow_schema(SCHEMA), "image": Image(), "audio": Audio()})


def row_of(entry: Entry, clip: Clip, clip_id: str, sha256: str, codec: SpectrogramCodec) -> dict:
    """One row; the picture is encoded from exactly the samples that the FLAC keeps (rounded to 16 bit)."""
    rate_hz = codec.params.sample_rate_hz
    samples = np.rint(clip.audio * 32767).astype(np.int16)
    picture = codec.encode(samples.astype(np.float32) / 32767, rate_hz)
    name = clip_id.replace("/", "-")
    return {
        "image": {"bytes": png_bytes(picture, codec.params), "path": f"{name}.png"},
        "audio": {"bytes": flac_bytes(samples, rate_hz), "path": f"{name}.flac"},
        "caption": entry.captions[0],
        "captions": list(entry.captions),
        "label": entry.label,
        "clip_id": clip_id,
        "recording": entry.recording or entry.clip_id,
        "source": entry.source,
        "licence": entry.licence,
        "attribution": entry.attribution,
        "start_s": clip.start_s,
        "duration_s": clip.duration_s,
        "rms_db": clip.rms_db,
        "peak_db": clip.peak_db,
        "clipped": clip.clipped,
        "source_rate_hz": clip.source_rate_hz,
        "source_channels": clip.source_channels,
        "source_seconds": clip.source_seconds,
        "sha256": sha256,
        "codec": codec.params.fingerprint,
    }


def png_bytes(picture: Image.Image, params: SpectrogramParams) -> bytes:
    text = PngInfo()
    text.add_text(KEY, params.to_json())
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", pnginfo=text, compress_level=PNG_LEVEL)
    return buffer.getvalue()


def flac_bytes(samples: np.ndarray, rate_hz: int) -> bytes:
    """(channels, samples) int16 as a FLAC file."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples.T, rate_hz, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()
