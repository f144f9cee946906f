"""The facts of a run as its files state them; nothing on a card is typed in by hand."""

import json
from dataclasses import dataclass
from pathlib import Path

from spectrogram.problems import Problem


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


def _read(path, remedy):
    if not path.exists():
        raise Problem(f"{path} does not exist", "a file that a finished run leaves", remedy)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise Problem(f"{path} is not JSON ({error})", "the file as it was written", remedy) from error


def gather(folder, results=None):
    """Facts of a run folder and, if given, of the results that ``python -m metrics`` wrote."""
    folder = Path(folder)
    run = _read(folder / "run.json", "run python -m training first")
    samples = folder / "samples" / "samples.json"
    heard = _read(samples, "train with --samples 1 or more") if samples.exists() else []
    measured = _read(Path(results), "run python -m metrics GENERATED REFERENCE first") if results else None
    return Facts(folder, run, heard, measured)
