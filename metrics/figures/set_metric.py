"""The base of all `evaluate` modules: two sets go in, as files, folders or ready arrays; sizes may differ."""

from abc import ABC, abstractmethod
from pathlib import Path

import datasets
import evaluate
import numpy as np

from metrics.embedders import load
from metrics.embedders.cache import EmbeddingCache
from metrics.embedders.registry import DEFAULT
from metrics.figures.records import Metric
from metrics.sets.embedding import EmbeddedSet, embed_set
from metrics.sets.sound_set import Sound, read_collection, sounds_of_paths
from spectrogram.problems import Problem, UsageProblem


class NothingMeasured(Problem):
    """Every pair of a metric failed."""


class SetMetric(evaluate.Metric, ABC):
    """A metric of a generated set (predictions) against a reference set (references).

    Either set is a list of audio paths, a list that holds one such list, a folder, a metadata.csv, or ready numbers. A
    subclass names its `record` and writes `measure`; `compute` is replaced because the library's own demands two sets
    of one length.
    """

    record: Metric
    citation: str = ""
    inputs = "predictions, references: audio paths, a folder, or arrays of embeddings (rows are samples)"

    def _info(self):
        return evaluate.MetricInfo(
            description=f"{self.record.title}. {self.record.meaning}",
            citation=self.citation,
            inputs_description=self.inputs,
            features=datasets.Features(
                {"predictions": datasets.Value("string"), "references": datasets.Value("string")}
            ),
        )

    def compute(self, *, predictions=None, references=None, **options) -> dict:
        """The figure by name, what was counted and which embedder was used; options are those of `measure`."""
        if predictions is None and references is None:
            return super().compute(**options)
        return self._compute(predictions, references, **options)

    def _compute(self, predictions, references, **options) -> dict:
        return self.measure(predictions, references, **options)

    @abstractmethod
    def measure(self, predictions, references, **options) -> dict:
        """The result of the metric."""


def numbers_or_none(given) -> np.ndarray | None:
    """The given set as an array when it holds numbers, None when it names files."""
    if isinstance(given, str | Path) or given is None:
        return None
    if isinstance(given, np.ndarray) and given.dtype.kind in "fiu":
        return given
    first = given[0] if len(given) else None
    while isinstance(first, list | tuple) and first:
        first = first[0]
    return None if first is None or isinstance(first, str | Path) else np.asarray(given, dtype=np.float64)


def embed_given(given, embedder: str = DEFAULT, weights: str | None = None, cache: bool = True) -> EmbeddedSet:
    """The files that are named, embedded."""
    chosen = load(embedder, weights)
    return embed_set(sounds_of(given), chosen, EmbeddingCache(chosen) if cache else None)


def count_and_name(generated: EmbeddedSet, reference: EmbeddedSet | None = None) -> dict:
    """The part of every result that says what was measured."""
    sets = {"n_generated": generated} | ({} if reference is None else {"n_reference": reference})
    skipped = [{"name": name, "reason": reason} for one in sets.values() for name, reason in one.skipped]
    return {key: len(one.sounds) for key, one in sets.items()} | {"skipped": skipped, "embedder": generated.identity}


def sounds_of(given) -> list[Sound]:
    """The clips that a list of paths, a list of one such list, a folder or a metadata.csv names."""
    if given is None:
        raise UsageProblem(
            "one of predictions and references is missing", "both sets", "give predictions= and references="
        )
    if isinstance(given, str | Path):
        return read_collection(given)
    paths = list(given)
    if len(paths) == 1 and isinstance(paths[0], list | tuple):
        paths = list(paths[0])
    return sounds_of_paths(paths)
