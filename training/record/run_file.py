"""What a run's files hold, as models: a damaged run.json, events.jsonl or samples.json is one sentence."""

from pathlib import Path, PureWindowsPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AllowInfNan, BaseModel, ConfigDict, Field, TypeAdapter

from spectrogram.files import json_file
from spectrogram.files.names import checked_name

ANEW = "train again, or take the file from a backup"
RUN_FILE, SAMPLES_FILE, EVENTS_FILE = "run.json", "samples/samples.json", "events.jsonl"


def _finite(value: float | None) -> float | None:
    """Earlier versions wrote Infinity for the error of one clip."""
    return value if value is not None and abs(value) != float("inf") and value == value else None


Finite = Annotated[float, AllowInfNan(False)]
Error = Annotated[float | None, AfterValidator(_finite)]
FileName = Annotated[str, AfterValidator(checked_name)]


class Row(BaseModel):
    """What has further fields keeps them."""

    model_config = ConfigDict(extra="allow")


class Loss(Row):
    """A validation loss; one clip alone has no standard error."""

    loss: Finite
    standard_error: Error = None
    clips: int = Field(ge=1)


class Settings(Row):
    """What a run was asked for, as far as reports and cards tell it; the trainer writes more."""

    method: str = "lora"
    trigger: str | None = ""
    steps: int
    batch: int
    rate: Finite
    seed: int
    precision: str
    rank: int = 0
    targets: str = ""
    vectors: int = 0
    aesthetic_through: Literal["words", "picture"] = "words"


class DatasetFacts(Row):
    name: str
    train: int
    validation: int


class Picture(Row):
    """How the dataset's pictures were drawn, as far as cards tell it."""

    columns: int
    mel_bands: int
    step_ms: Finite
    low_hz: Finite
    high_hz: Finite
    sample_rate_hz: int


class Seconds(Row):
    cache: Finite
    train: Finite


class RunFile(Row):
    """run.json; ``validation`` is empty where no clip could be held out."""

    settings: Settings
    base: str
    dataset: DatasetFacts
    licences: dict[str, int]
    spectrogram_params: Picture
    prediction_type: str
    trainable_parameters: int
    validation: dict[Annotated[str, Field(pattern=r"^\d{1,9}$")], Loss]
    seconds: Seconds
    versions: dict[str, str]


class Sample(Row):
    """One row of samples.json; its file lies beside it."""

    prompt: str
    seed: int
    tag: str
    file: FileName
    level_db: Finite = 0.0
    heard_as: str | None = None
    certainty: Finite = 0.0


class Event(Row):
    """Any event that has no fields of its own."""

    event: str
    seconds: Finite = 0.0


class Start(Event):
    event: Literal["start"]
    settings: dict[str, Any]


class StepEvent(Event):
    event: Literal["step"]
    step: int
    loss: Finite | None
    rate: Finite


class ValidationEvent(Event, Loss):
    event: Literal["validation"]
    step: int


class Skipped(Event):
    event: Literal["skipped"]
    step: int
    loss: str
    files: list[str]


class Told(Event):
    event: Literal["note", "error"]
    text: str


class Resumed(Event):
    event: Literal["resume", "checkpoint"]
    step: int


KINDS = {
    kind: model
    for model in (Start, StepEvent, ValidationEvent, Skipped, Told, Resumed)
    for kind in model.model_fields["event"].annotation.__args__
}


def _of_its_kind(line: Event) -> dict:
    model = KINDS.get(line.event, Event)
    return TypeAdapter(model).validate_python(line.model_dump()).model_dump()


AnyEvent = Annotated[Event, AfterValidator(_of_its_kind)]


def read_run(folder: str | Path) -> dict | None:
    """run.json of a run's folder; None while it is not finished. Raises Problem for a damaged one."""
    path = Path(folder) / RUN_FILE
    return json_file.read(path, RunFile, ANEW).model_dump() if path.exists() else None


def write_run(folder: str | Path, facts: dict) -> Path:
    """Write run.json, which is published: of a path of this machine only the last part is told.

    Args:
        folder: The run's.
        facts: What `RunFile` describes.

    Returns:
        The file.
    """
    return json_file.write(Path(folder) / RUN_FILE, without_places(facts))


def without_places(told):
    """The same values with the last part alone of every text that is a whole path of this machine."""
    if isinstance(told, dict):
        return {name: without_places(value) for name, value in told.items()}
    if isinstance(told, list | tuple):
        return [without_places(value) for value in told]
    absolute = isinstance(told, str) and (Path(told).is_absolute() or PureWindowsPath(told).is_absolute())
    return PureWindowsPath(told).name if absolute else told


def read_samples(folder: str | Path) -> list[dict]:
    """The rows of samples.json; none where none were made. Raises Problem for a damaged one."""
    path = Path(folder) / SAMPLES_FILE
    return [row.model_dump() for row in json_file.read(path, list[Sample], ANEW)] if path.exists() else []


def read_events(path: str | Path) -> list[dict]:
    """All events of a log in order, without a half-written last line. Raises Problem for a damaged one."""
    return json_file.read_lines(path, AnyEvent, ANEW)
