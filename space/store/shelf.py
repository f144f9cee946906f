"""A dataset of this project on the page: searched by words and facets, read a page at a time.

A folder that this server built, or a public dataset on the Hub by its name; a visitor never names a path.
"""

import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi
from PIL import Image, UnidentifiedImageError
from pyarrow import parquet

from spectrogram.files.dataset_folder import DATA, is_dataset, rows, shards, split_of
from spectrogram.files.hub import asking, repository
from spectrogram.problems import Problem

FACETS = ("split", "label", "licence")
ANY = "any"
LARGEST_SHARD_BYTES = 300_000_000
TEXT_COLUMNS = ("caption", "label", "licence", "clip_id", "attribution", "source")


@dataclass(frozen=True)
class Row:
    """One clip without its media; `shard` and `place` say where they lie."""

    shard: Path
    place: int
    split: str
    caption: str
    label: str
    licence: str
    clip_id: str
    attribution: str


@dataclass(frozen=True)
class Item:
    """One clip with its media as they are stored."""

    row: Row
    png: bytes
    sound: bytes


class Shelf:
    """All rows of a dataset; `find` gives the rows that fit, `read` the media of some of them."""

    def __init__(self, name: str, shards: list[Path]):
        if not shards:
            raise Problem(f"{name} holds no rows", "a dataset of this project", "choose another one")
        self.name = name
        self.rows = [row for shard in shards for row in _rows(shard)]

    @classmethod
    def of_folder(cls, folder: Path) -> "Shelf":
        # A dataset may hold the same clips as several kinds of picture: the default one is enough to look at.
        return cls(folder.name, shards(folder) if is_dataset(folder) else [])

    @classmethod
    def of_hub(cls, name: str) -> "Shelf":
        """A public dataset; the first shard of each split is fetched once. Raises UsageProblem, EnvironmentProblem."""
        name = name.strip().removeprefix("https://huggingface.co/datasets/")
        return cls(name, _fetch(repository(name)))

    def choices(self, facet: str) -> list[str]:
        """Values of a facet with their counts, most frequent first, "any" in front."""
        counts = Counter(getattr(row, facet) or "(none)" for row in self.rows)
        return [ANY, *(f"{value} ({count})" for value, count in counts.most_common(200))]

    def find(self, text: str = "", **facets: str) -> list[Row]:
        """Rows that hold all words of the text in caption, label or id, and have the chosen facets."""
        words = (text or "").lower().split()
        wanted = {name: value.rsplit(" (", 1)[0] for name, value in facets.items() if value and value != ANY}
        found = []
        for row in self.rows:
            told = f"{row.caption} {row.label} {row.clip_id}".lower()
            fits = all((getattr(row, name) or "(none)") == value for name, value in wanted.items())
            if fits and all(word in told for word in words):
                found.append(row)
        return found

    def write_sounds(self, split: str, folder: Path, most: int) -> list[str]:
        """The sounds of a split as files in `folder`, at most so many; their paths."""
        items, _ = self.read(self.find(split=split)[:most])
        paths = [folder / f"{i:04}-{item.row.clip_id[:40]}.flac" for i, item in enumerate(items)]
        for path, item in zip(paths, items, strict=True):
            path.write_bytes(item.sound)
        return [str(path) for path in paths]

    def read(self, rows: list[Row]) -> tuple[list[Item], int]:
        """(items, how many were left out because picture or sound is missing), in the order of the rows."""
        items, missing = [], 0
        for row in rows:
            media = _media(row)
            if media is None:
                missing += 1
            else:
                items.append(Item(row, *media))
        return items, missing


def _rows(shard: Path) -> list[Row]:
    found, wanted = rows([shard], TEXT_COLUMNS), ("caption", "label", "licence", "clip_id", "attribution")
    split = split_of(shard)
    return [Row(shard, i, split, *(str(row.get(name) or "") for name in wanted)) for i, row in enumerate(found)]


def _media(row: Row) -> tuple[bytes, bytes] | None:
    """(PNG, sound) of a row, reading only its row group; None when either is empty or no picture."""
    place, file = row.place, parquet.ParquetFile(row.shard)
    for group in range(file.num_row_groups):
        count = file.metadata.row_group(group).num_rows
        if place < count:
            break
        place -= count
    found = file.read_row_group(group, columns=["image", "audio"]).slice(place, 1).to_pylist()[0]
    png, sound = ((found[name] or {}).get("bytes") for name in ("image", "audio"))
    if not png or not sound:
        return None
    try:
        Image.open(io.BytesIO(png)).verify()
    except (UnidentifiedImageError, OSError, SyntaxError):
        return None
    return png, sound


def _fetch(name: str) -> list[Path]:
    # token=False: what the Space's owner may see is not for every visitor.
    api, first = HfApi(token=False), {}
    with asking(f"{name} cannot be fetched"):
        for file in api.list_repo_tree(name, repo_type="dataset", recursive=True):
            if file.path.startswith(f"{DATA}/") and file.path.endswith(".parquet"):
                first.setdefault(split_of(file.path), file)
        large = [file.path for file in first.values() if file.size > LARGEST_SHARD_BYTES]
        if large:
            raise Problem(f"{large[0]} is larger than 300 MB", "smaller shards", "look at it on the Hub itself")
        return [Path(api.hf_hub_download(name, file.path, repo_type="dataset")) for file in first.values()]
