"""Rows of the dataset: picture, sound, captions and provenance, as plain values that Arrow can hold.

``image`` is a PNG that carries the codec's parameters, ``audio`` the FLAC (16 bit, codec's rate) that the picture
shows; both are bytes, so that a reader needs no decoder for the other columns.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pyarrow
import soundfile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dataset_builder.intake.entries import Entry
from dataset_builder.making.clip import Clip
from dataset_builder.making.fingerprints import fingerprint
from spectrogram import json_text
from spectrogram.codec import SpectrogramCodec
from spectrogram.params import KEY, SpectrogramParams

# Grey pictures are stored with one plane: 17.6 kB and 1.1 ms against 24.6 kB and 2.3 ms with three equal ones (mini);
# ``datasets`` gives them back as RGB.  Level 4 is 2 kB smaller and a third slower.
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
        "augmentation": pyarrow.string(),
        "events": pyarrow.list_(
            pyarrow.struct(
                {"label": pyarrow.string()}
                | dict.fromkeys(("onset_s", "offset_s", "low_hz", "high_hz"), pyarrow.float32())
            )
        ),
        "about": pyarrow.string(),
        "codec": pyarrow.string(),
    }
)
# While work goes on, a row also has the fingerprint that finds repeated sounds.
PIECE_SCHEMA = SCHEMA.append(pyarrow.field("fingerprint", pyarrow.binary()))


def typed_schema() -> pyarrow.Schema:
    """SCHEMA with the types that ``datasets`` reads from its metadata: Image and Audio for the two media columns.

    Equal to ``Features.arrow_schema`` (a test holds it to that), without the seconds that importing datasets takes.
    """
    types = {column.name: feature_of(column) for column in SCHEMA}
    return SCHEMA.with_metadata({"huggingface": json_text.dumps({"info": {"features": types}})})


def feature_of(column: pyarrow.Field) -> dict:
    if column.name == "image":
        return {"mode": "RGB", "_type": "Image"}
    return {"_type": "Audio"} if column.name == "audio" else feature_of_type(column.type)


def feature_of_type(kind: pyarrow.DataType) -> dict:
    if pyarrow.types.is_list(kind):
        return {"feature": feature_of_type(kind.value_type), "_type": "List"}
    if pyarrow.types.is_struct(kind):
        return {field.name: feature_of_type(field.type) for field in kind}
    return {"dtype": {"float": "float32"}.get(str(kind), str(kind)), "_type": "Value"}


def row_of(
    entry: Entry, clip: Clip, clip_id: str, sha256: str, codec: SpectrogramCodec, events: Sequence[dict] = ()
) -> dict:
    """One row; the picture is encoded from exactly the samples that the FLAC keeps (rounded to 16 bit)."""
    rate_hz = codec.params.sample_rate_hz
    samples = np.clip(np.rint(clip.audio * 32768), -32768, 32767).astype(np.int16)
    picture = codec.encode(samples.astype(np.float32) / 32768, rate_hz)
    name = clip_id.replace("/", "-")
    return {
        "image": {"bytes": png_bytes(picture, codec.params.layout == "grey"), "path": f"{name}.png"},
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
        "augmentation": entry.augmentation,
        "events": list(events),
        "about": entry.about,
        "codec": codec.params.fingerprint,
        "fingerprint": fingerprint(brightness(picture, codec.params), codec.params.clip_seconds).tobytes(),
    }


def brightness(picture: Image.Image, params: SpectrogramParams) -> np.ndarray:
    """One plane of the picture, (rows, columns), louder = larger."""
    plane = np.asarray(picture)[..., 0]
    return plane if params.loud_is_white else 255 - plane


def png_bytes(picture: Image.Image, grey: bool) -> bytes:
    """The picture as a PNG with the parameters that the codec gave it, in one plane if its three are equal (grey)."""
    text = PngInfo()
    text.add_text(KEY, picture.info[KEY])
    buffer = io.BytesIO()
    plain = picture.getchannel(0) if grey else picture
    plain.save(buffer, "PNG", pnginfo=text, compress_level=PNG_LEVEL)
    return buffer.getvalue()


def flac_bytes(samples: np.ndarray, rate_hz: int) -> bytes:
    """(channels, samples) int16 as a FLAC file."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples.T, rate_hz, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()
