"""The facts of a run as its files state them; nothing on a card is typed in by hand."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from spectrogram.files import json_file
from spectrogram.problems import Problem


class _Settings(BaseModel):
    """What a run was asked for, as far as a card tells it; the trainer writes more."""

    model_config = ConfigDict(extra="allow")
    method: str = "lora"
    trigger: str | None = ""
    steps: int
    batch: int
    rate: FiniteFloat
    seed: int
    precision: str
    rank: int = 0
    targets: str = ""
    vectors: int = 0
    aesthetic_through: Literal["words", "picture"] = "words"


class _Dataset(BaseModel):
    name: str
    train: int
    validation: int


class _Picture(BaseModel):
    model_config = ConfigDict(extra="allow")
    columns: int
    mel_bands: int
    step_ms: FiniteFloat
    low_hz: FiniteFloat
    high_hz: FiniteFloat
    sample_rate_hz: int


class _Loss(BaseModel):
    loss: FiniteFloat
    standard_error: FiniteFloat
    clips: int


class _Seconds(BaseModel):
    cache: FiniteFloat
    train: FiniteFloat


class Run(BaseModel):
    """run.json."""

    model_config = ConfigDict(extra="allow")
    settings: _Settings
    base: str
    dataset: _Dataset
    licences: dict[str, int]
    spectrogram_params: _Picture
    prediction_type: str
    trainable_parameters: int
    validation: Annotated[dict[Annotated[str, Field(pattern=r"^\d{1,9}$")], _Loss], Field(min_length=1)]
    seconds: _Seconds
    versions: dict[str, str]


class Sample(BaseModel):
    """A row of samples.json."""

    prompt: str
    seed: int
    tag: str
    file: str


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
        """(loss before, loss after) as dictionaries with loss, standard_error and clips."""
        steps = sorted(self.run["validation"], key=int)
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
    run = _read(folder / "run.json", Run, "run python -m training first")
    samples = folder / "samples" / "samples.json"
    heard = _read(samples, list[Sample], "train with --samples 1 or more") if samples.exists() else []
    measured = _read(Path(results), Results, "run python -m metrics GENERATED REFERENCE first") if results else None
    return Facts(
        folder, run.model_dump(), [row.model_dump() for row in heard], measured.model_dump() if measured else None
    )
