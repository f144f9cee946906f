"""The dataset as training needs it: pictures, wordings and the codec parameters of each split."""

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np

from spectrogram.files import dataset_folder
from spectrogram.files.dataset_rows import load_splits
from spectrogram.files.tables import ALIASES, key
from spectrogram.params import SpectrogramParams
from spectrogram.problems import Problem, UsageProblem
from training.data.latents import split_rows

VALIDATION_NAMES = ("validation", "val")


@dataclass
class Collection:
    """pictures uint8 (clips, height, width, 3), captions (a list each), names, and the indices of both splits.

    ``validation`` is empty where no clip can be held out; ``labels`` are "" where the dataset has none.
    """

    pictures: np.ndarray
    captions: list[list[str]]
    names: list[str]
    training: np.ndarray
    validation: np.ndarray
    params: SpectrogramParams
    name: str
    licences: dict[str, int]
    labels: list[str] = field(default_factory=list)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the pictures in pixels."""
        return self.pictures.shape[2], self.pictures.shape[1]

    def first(self, count: int) -> "Collection":
        """The first ``count`` clips of each split alone."""
        kept = np.concatenate([self.training[:count], self.validation[:count]])
        ends = min(count, len(self.training)), min(count, len(self.validation))
        return replace(
            self, pictures=self.pictures[kept], captions=[self.captions[i] for i in kept],
            names=[self.names[i] for i in kept], labels=[self.labels[i] for i in kept],
            training=np.arange(ends[0]), validation=np.arange(ends[0], sum(ends)),
        )  # fmt: skip

    def with_label(self, label: str) -> np.ndarray:
        """Which of the training clips have a label; raises UsageProblem when none or all of them have it."""
        chosen = np.array([self.labels[i] == label for i in self.training])
        if not chosen.any() or chosen.all():
            known = ", ".join(sorted(set(self.labels) - {""})) or "the dataset has none"
            raise UsageProblem(
                f"{'all' if chosen.all() else 'no'} training clips have the label {label!r}",
                f"some with and some without it; labels: {known}",
                "correct --instance-label, or leave it out",
            )
        return chosen


def _wordings(row, caption):
    several = row.get("captions") or []
    several = [several] if isinstance(several, str) else [text for text in several if text]
    return several or [text for text in [row.get(caption)] if text]


def _caption_column(split):
    """The column of captions by any usual name (every example of diffusers calls it text), None without one."""
    own = {key(column): column for column in split.column_names}
    return next((own[name] for name in ALIASES["caption"] if name in own and name != "captions"), None)


def _read_split(split):
    """(pictures, wordings, names, labels) of a split; a clip without an id is named by split and row, from 1.

    Raises Problem for a split without pictures or captions, and for a clip without one.
    """
    caption, columns = _caption_column(split), split.column_names
    for found, wanted in ((caption or "captions" in columns, "caption (or text)"), ("image" in columns, "image")):
        if not found:
            raise Problem(f"the dataset has the columns {', '.join(columns)}", f"a column {wanted}", "rename one")
    rows = split.select_columns([c for c in ("image", caption, "captions", "clip_id", "label") if c in columns])
    pictures, captions, names, labels = [], [], [], []
    for number, row in enumerate(rows, start=1):
        pictures.append(np.asarray(row["image"].convert("RGB")))
        captions.append(_wordings(row, caption))
        names.append(row.get("clip_id") or f"{split.split} row {number}")
        if not captions[-1]:
            raise Problem(f"{names[-1]} has no caption", "a text for each picture", "write one, or leave the row out")
        labels.append(str(row.get("label") or ""))
    return pictures, captions, names, labels


def read(dataset, seed=0):
    """A Collection from a dataset folder or Hub name with columns image and caption; the parameters travel with it."""
    splits = load_splits(dataset)
    names = list(splits)
    if "train" not in names:
        raise Problem(f"{dataset} has splits {names}", "a split named train", "build it with python -m dataset_builder")
    pictures, captions, clips, labels = _read_split(splits["train"])
    training, validation = np.arange(len(pictures)), None
    held = next((name for name in VALIDATION_NAMES if name in names and len(splits[name])), None)
    if held:
        more, their, others, kinds = _read_split(splits[held])
        validation = np.arange(len(pictures), len(pictures) + len(more))
        pictures, captions, clips = pictures + more, captions + their, clips + others
        labels = labels + kinds
    else:
        training, validation = split_rows(len(pictures), 0.1, seed)
    if len({p.shape for p in pictures}) != 1:
        shapes = sorted({p.shape for p in pictures})
        raise Problem(
            f"{dataset} has pictures of {len(shapes)} sizes {shapes}", "one size", "rebuild it with one preset"
        )
    params = find_params(dataset, splits["train"][0])
    licences = count_licences(splits["train"])
    return Collection(np.stack(pictures), captions, clips, training, validation, params, str(dataset), licences, labels)


def count_licences(split):
    """Clips of the training split by licence, most frequent first; "not stated" where a dataset has no such column."""
    column = split["licence"] if "licence" in split.column_names else ["not stated"] * len(split)
    return dict(Counter(column).most_common())


def find_params(dataset, row):
    """The codec parameters: spectrogram.json beside the dataset, or the first picture's own."""
    return dataset_folder.params(dataset) or SpectrogramParams.from_image(row["image"])
