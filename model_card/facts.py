"""The facts of a run as its files state them; nothing on a card is typed in by hand."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, FiniteFloat

from spectrogram.files import json_file
from spectrogram.problems import Problem
from training.record.run_file import RUN_FILE, read_run, read_samples


class _Figure(BaseModel):
    value: FiniteFloat | None
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None
    note: str = ""


class _Embedder(BaseModel):
    name: str
    version: str


class Results(BaseModel):
    """results.json, as far as a card tells it."""

    embedder: _Embedder
    n_generated: int
    n_reference: int
    metrics: dict[str, _Figure]
    rows: dict[str, dict[str, FiniteFloat | None]] = {}
    warnings: list[str] = []


@dataclass(frozen=True)
class Facts:
    """run.json, samples.json and results.json of one run; results may be missing."""

    folder: Path
    run: dict
    samples: list[dict]
    results: dict | None

    @property
    def name(self):
        return self.folder.resolve().name

    @property
    def settings(self):
        return self.run["settings"]

    @property
    def base(self):
        """The base model's name on the Hub or that of its folder."""
        return _without_place(self.run["base"])

    @property
    def dataset(self):
        """The dataset's name on the Hub or that of its folder."""
        return _without_place(self.run["dataset"]["name"])

    @property
    def validation(self):
        """(loss before, loss after), as dictionaries; None where nothing was measured."""
        steps = sorted(self.run["validation"], key=int)
        if not steps:
            return None, None
        return self.run["validation"][steps[0]], self.run["validation"][steps[-1]]


def _without_place(given):
    """The last part of an absolute path, because the rest is nobody's affair; any other name as it is."""
    return Path(given).name if Path(given).is_absolute() else given


def _read(path, model, remedy):
    if not path.exists():
        raise Problem(f"{path} does not exist", "a file that a finished run leaves", remedy)
    return json_file.read(path, model, remedy)


def gather(folder, results=None):
    """Facts of a run folder and, if given, of the results that ``python -m metrics`` wrote."""
    folder = Path(folder)
    run = read_run(folder)
    if run is None:
        raise Problem(
            f"{folder / RUN_FILE} does not exist", "a file that a finished run leaves", "run python -m training first"
        )
    heard = read_samples(folder)
    measured = _read(Path(results), Results, "run python -m metrics GENERATED REFERENCE first") if results else None
    return Facts(folder, run, heard, measured.model_dump() if measured else None)
