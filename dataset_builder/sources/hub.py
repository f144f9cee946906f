"""Sounds of a dataset on the Hub (or in a local folder), streamed, so that nobody must scrape.

``OpenSound/AudioCaps`` has most of AudioCaps.  The audio column is found by its type, captions by their usual names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from datasets import Audio, load_dataset
from huggingface_hub import HfApi

from dataset_builder.sources.failures import Failure
from dataset_builder.sources.sound_folder import Item
from spectrogram.files.dataset_rows import undecoded
from spectrogram.files.hub import asking
from spectrogram.problems import Problem

DEFAULT = "OpenSound/AudioCaps"
CAPTIONS = ("captions", "caption", "text", "description", "sentence", "prompt")
DATA_SUFFIXES = (".parquet", ".tar", ".zip", ".arrow", ".wav", ".flac", ".mp3", ".ogg")
HUB = "https://huggingface.co/datasets/"
IDS = ("clip_id", "id", "audiocap_id", "youtube_id", "file_name", "__key__")
RECORDINGS = ("recording", "youtube_id", "source_id")
MAGIC = ((b"RIFF", ".wav"), (b"fLaC", ".flac"), (b"OggS", ".ogg"), (b"ID3", ".mp3"), (b"\xff\xfb", ".mp3"))


def stream(name: str, split: str, limit: int | None = None, config: str | None = None) -> Iterator[Item]:
    """Yield the rows of a split as items whose bytes are at hand; row numbers are the ids where there is none."""
    rows = undecoded(load_dataset(name, config, split=split, streaming=True))
    features = rows.features or {}
    audio = [column for column, feature in features.items() if isinstance(feature, Audio)]
    if not audio:
        columns = ", ".join(features) or "(unknown)"
        raise Problem(f"{name} has the columns {columns}", "expected one of sound", "choose another dataset")
    for number, row in enumerate(islice(rows, limit)):
        yield item_of(name, split, number, row, audio[0])


def item_of(name: str, split: str, number: int, row: dict, audio: str) -> Item:
    texts = next((row[column] for column in CAPTIONS if row.get(column)), "")
    own = next((str(row[column]) for column in IDS if row.get(column)), None)
    sound, video = row[audio], str(row.get("youtube_id") or "")
    # Ids of others may repeat or differ for captions of one sound, so the sound itself tells; a video tells, too.
    identity = f"{split}-{hashlib.sha256(sound['bytes']).hexdigest()[:16] if has_bytes(sound) else number}"
    if video:
        start_s = float(row.get("start_time") or 0)
        identity = f"{video}_{start_s:g}"
    return Item(
        id=identity,
        suffix=suffix_of(sound),
        captions=tuple(texts) if isinstance(texts, list) else (texts,) if texts else (),
        fetch=lambda: bytes_of(sound),
        label=str(row.get("label") or ""),
        licence=str(row.get("licence") or row.get("license") or f"see the card of {name}"),
        source=str(row.get("source") or (watch(video, start_s) if video else f"{HUB}{name}")),
        attribution=str(row.get("attribution") or name),
        recording=next((str(row[column]) for column in RECORDINGS if row.get(column)), own or identity),
        split=split,
    )


def forecast(name: str) -> dict:
    """Files and megabytes of sound in a dataset on the Hub, from its listing alone; none for a local folder."""
    if Path(name).exists():
        return {"files": 0, "megabytes": 0.0}
    with asking(f"{name} cannot be read"):
        tree = HfApi().list_repo_tree(name, repo_type="dataset", recursive=True)
        sizes = [one.size for one in tree if Path(one.path).suffix in DATA_SUFFIXES]
    return {"files": len(sizes), "megabytes": round(sum(sizes) / 1e6, 1)}


def watch(video: str, start_s: float) -> str:
    return f"https://www.youtube.com/watch?v={video}&t={int(start_s)}"


def has_bytes(sound: dict | None) -> bool:
    return bool(sound and sound.get("bytes"))


def bytes_of(sound: dict | None) -> bytes:
    if has_bytes(sound):
        return sound["bytes"]
    if sound and sound.get("path") and Path(sound["path"]).is_file():
        return Path(sound["path"]).read_bytes()
    raise Failure("gone", "the row holds no sound")


def suffix_of(sound: dict | None) -> str:
    head = (sound or {}).get("bytes") or b""
    found = next((suffix for magic, suffix in MAGIC if head.startswith(magic)), None)
    return found or Path((sound or {}).get("path") or "").suffix or ".wav"
