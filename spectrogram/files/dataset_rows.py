"""Rows of a dataset as they are stored: sounds stay the bytes of their files, so that loading needs no decoder.

Stock ``datasets`` decodes a sound column with torchcodec, which needs FFmpeg's libraries; soundfile reads the same
bytes without them.
"""

import glob
from pathlib import Path

from datasets import Audio, DatasetDict, load_dataset

from spectrogram.files import dataset_folder
from spectrogram.problems import UsageProblem

PATTERN = set("[]*?")


def load_splits(dataset, **options) -> DatasetDict:
    """All splits of a dataset folder or Hub name, sounds as ``{"bytes", "path"}``.

    Args:
        dataset: A folder that ``load_dataset`` reads, or a name on the Hub.
        options: Passed on to ``datasets.load_dataset``.

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
        loaded = _loaded(dataset, options)
    return DatasetDict({name: undecoded(split) for name, split in loaded.items()})


def _loaded(dataset, options: dict):
    try:
        return load_dataset(str(dataset), **options)
    except (OSError, ValueError) as error:  # what datasets and huggingface_hub raise for names that lead nowhere
        if Path(dataset).exists():
            raise
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise UsageProblem(
            f"{dataset} is no folder here, and the Hub does not give it ({reason})",
            "a dataset's folder or USER/NAME",
            "check the name, or the network",
        ) from error


def undecoded(rows):
    """A Dataset or IterableDataset with its sound columns left as bytes."""
    for column, feature in (rows.features or {}).items():
        if isinstance(feature, Audio):
            rows = rows.cast_column(column, Audio(decode=False))
    return rows
