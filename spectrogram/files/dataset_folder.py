"""The one description of a dataset folder of this project, for those who write it and all who read it.

data/CONFIG/SPLIT-00000-of-00001.parquet holds the rows. A config is one way to draw the same sounds (a codec preset);
the first one that was asked for is the default, and the spectrogram.json at the top is its own. Beside data lie
README.md, settings.json, splits.csv, drops.csv and card/ with pictures and a few examples to hear. Datasets of others
lie in data/SPLIT-*.parquet: one config without a name.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pyarrow import parquet

from spectrogram.files import json_file
from spectrogram.files.names import checked_name
from spectrogram.params import MODEL_FILE, SpectrogramParams
from spectrogram.problems import Problem

DATA = "data"
CARD = "card"
README = "README.md"
SETTINGS_FILE = "settings.json"
SPLITS_FILE = "splits.csv"
DROPS_FILE = "drops.csv"
SPLITS = ("train", "validation", "test")
REMEDY = "build one: python -m dataset_builder FOLDER_OR_CSV"
SHARD = re.compile(r"(?P<split>.+?)(?:-\d+(?:-of-\d+)?)?(?:-[0-9a-f]{8,})?\.parquet")
ROWS_AT_ONCE = 64


@dataclass(frozen=True)
class _Settings:
    """settings.json, as far as readers need it."""

    presets: list[str]


def is_dataset(folder) -> bool:
    """True for a folder that holds rows, ours or of others."""
    return any(Path(folder, DATA).glob("*.parquet")) or any(Path(folder, DATA).glob("*/*.parquet"))


def is_built_here(folder) -> bool:
    """True for a folder that the dataset builder finished, with or without rows."""
    return Path(folder, SPLITS_FILE).is_file() and Path(folder, README).is_file()


def data_folder(dataset, config: str) -> Path:
    return Path(dataset, DATA, config)


def shard_name(split: str, number: int, count: int) -> str:
    """Name of shard `number` (from 0) of `count`; raises Problem for a split that is no plain name."""
    return f"{checked_name(split)}-{number:05d}-of-{count:05d}.parquet"


def configs(dataset) -> list[str]:
    """Names of the configs, the default first; [""] where rows lie in data itself.

    Raises:
        Problem: The folder holds no dataset.
    """
    found = {path.parent.name for path in Path(dataset, DATA).glob("*/*.parquet")}
    if not found and not is_dataset(dataset):
        raise Problem(f"{dataset} holds no {DATA}/*/*.parquet", "expected a dataset of this package", REMEDY)
    stated = [name for name in _stated(Path(dataset, SETTINGS_FILE)) if name in found]
    return (stated + sorted(found - set(stated))) or [""]


def shards(dataset, config: str | None = None, split: str | None = None) -> list[Path]:
    """Parquet files of one config (None: the default), of one split or (train first) of all."""
    folder = data_folder(dataset, configs(dataset)[0] if config is None else config)
    found = [path for path in folder.glob("*.parquet") if split in (None, split_of(path))]
    return sorted(found, key=lambda path: (split_rank(split_of(path)), path.name))


def split_of(shard: Path) -> str:
    """The split that a shard's name says."""
    return SHARD.fullmatch(Path(shard).name)["split"]


def split_rank(name: str) -> tuple[int, str]:
    """What splits are sorted by: train, validation, test, then others by name."""
    return (SPLITS.index(name) if name in SPLITS else len(SPLITS)), name


def rows(files: Iterable[Path], columns: Iterable[str]) -> Iterator[dict]:
    """Rows of shards with those columns that they have, a few at a time in memory. Raises Problem (broken shard)."""
    for shard in files:
        with opened(shard) as file:
            known = [name for name in columns if name in file.schema_arrow.names]
            for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=known):
                yield from batch.to_pylist()


@contextmanager
def opened(shard):
    """A shard as a `pyarrow.parquet.ParquetFile`; whatever is wrong with it in this block is a Problem."""
    from pyarrow import ArrowException

    try:
        with parquet.ParquetFile(shard) as file:
            yield file
    except (ArrowException, OSError, UnicodeDecodeError) as error:
        if isinstance(error, Problem):
            raise
        reason = (str(error).splitlines() or ["nothing is in it"])[0][:200]
        raise Problem(
            f"{Path(shard).name} cannot be read ({reason})", "a whole Parquet file", "build it again"
        ) from error


def params(dataset) -> SpectrogramParams | None:
    """Parameters of the default config from spectrogram.json, or None where the pictures themselves must tell."""
    return SpectrogramParams.from_model(dataset) if Path(dataset, MODEL_FILE).is_file() else None


def _stated(settings: Path) -> list[str]:
    return json_file.read(settings, _Settings, "build it again").presets if settings.exists() else []
