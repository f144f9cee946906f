"""Rows of a dataset as they are stored: sounds stay the bytes of their files, so that loading needs no decoder.

Stock ``datasets`` decodes a sound column with torchcodec, which needs FFmpeg's libraries; soundfile reads the same
bytes without them.
"""

import glob
from pathlib import Path

from datasets import Audio, DatasetDict, load_dataset
from datasets.exceptions import DatasetsError
from huggingface_hub.errors import HFValidationError
from pyarrow import ArrowException
from yaml import YAMLError

from spectrogram.files import atomic, dataset_folder
from spectrogram.problems import Problem

PATTERN = set("[]*?")
# What datasets raises on cards, settings and tables that are not what they seem.
DAMAGED = (ValueError, TypeError, LookupError, AttributeError, RecursionError, YAMLError, ArrowException, DatasetsError)


def load_splits(dataset, **options) -> DatasetDict:
    """All splits of a dataset folder or Hub name, sounds as ``{"bytes", "path"}``.

    Args:
        dataset: A folder that ``load_dataset`` reads, or a name on the Hub.
        options: Passed on to ``datasets.load_dataset``.

    Raises:
        Problem: There is no such dataset, here or on the Hub.

    Returns:
        DatasetDict, split name -> rows; every column of type Audio is cast to ``Audio(decode=False)``.

    Raises:
        UsageProblem: There is no such folder, and the Hub gives no such dataset.
    """
    if PATTERN & set(str(Path(dataset).absolute())) and dataset_folder.is_dataset(dataset) and not options:
        # datasets takes brackets and stars of a path for a pattern, in the folders above too.
        shards = dataset_folder.shards(dataset)
        files = {dataset_folder.split_of(path): [] for path in shards}
        for path in shards:
            files[dataset_folder.split_of(path)].append(glob.escape(str(path.absolute())))
        loaded = load_dataset("parquet", data_files=files)
    else:
        try:
            loaded = load_dataset(str(dataset), **options)
        except Problem:
            raise
        except (OSError, HFValidationError, *DAMAGED) as error:
            if getattr(error, "errno", None) in (*atomic.FULL, *atomic.REFUSED):
                raise
            raise missing(dataset, error) from error
    return DatasetDict({name: undecoded(split) for name, split in loaded.items()})


def missing(dataset, error: Exception) -> Problem:
    """The problem of a folder or name that holds no dataset, with what is there that begins alike."""
    path = Path(dataset)
    beside = sorted(path.absolute().parent.glob("*")) if path.absolute().parent.is_dir() else []
    near = [one.name for one in beside if path.name and one.name.lower().startswith(path.name.lower()[:3])]
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    hint = f"there is {', '.join(near[:3])}" if near else "check the path or the name"
    expected = "a folder that python -m dataset_builder made, or a name on the Hub"
    return Problem(f"{dataset} is no dataset ({reason[:160]})", expected, hint)


def undecoded(rows):
    """A Dataset or IterableDataset with its sound columns left as bytes."""
    for column, feature in (rows.features or {}).items():
        if isinstance(feature, Audio):
            rows = rows.cast_column(column, Audio(decode=False))
    return rows
