"""Curves for the tools that people watch: TensorBoard by default, trackio or wandb on request, fed by the events."""

import math
from importlib.util import find_spec
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from spectrogram.problems import EnvironmentProblem


class NoTracker:
    """events.jsonl alone."""

    def take(self, event):
        pass

    def close(self):
        pass


class Curves(NoTracker):
    """Passes numbers of each step to ``log(step, {name: value})``."""

    def __init__(self, log, finish):
        self.log, self.close = log, finish

    def take(self, event):
        kind = event["event"]
        names = {
            "step": ("loss", "rate"),
            "validation": ("loss", "standard_error"),
            "sample": ("level_db", "centre_hz"),
        }
        chosen = {f"{kind}/{name}": event.get(name) for name in names.get(kind, ())}
        numbers = {name: value for name, value in chosen.items() if value is not None and math.isfinite(value)}
        if numbers:
            self.log(event["step"], numbers)


def open_tracker(name, folder, settings):
    """The tracker of a run; TensorBoard is left out where it is not installed, the others are asked for by name."""
    if name == "none" or (name == "tensorboard" and find_spec("tensorboard") is None):
        return NoTracker()
    if find_spec(name) is None:
        raise EnvironmentProblem(f"--tracker {name} needs {name}", "an installed package", f"pip install {name}")
    if name == "tensorboard":
        return _tensorboard(Path(folder) / "curves")
    module = __import__(name)
    module.init(project="sd-audio-spectrograms", name=Path(folder).name, config=settings)
    return Curves(lambda step, values: module.log(values, step=step), module.finish)


def _tensorboard(folder):
    writer = SummaryWriter(str(folder))

    def log(step, values):
        for name, value in values.items():
            writer.add_scalar(name, value, step)

    return Curves(log, writer.close)
