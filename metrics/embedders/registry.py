"""The embedders by name. Nothing heavy is imported before it is asked for."""

from metrics.embedders.interface import Embedder
from spectrogram.problems import UsageProblem

DEFAULT = "logmel-stats-v1"
NAMES = ("logmel-stats-v1",)


def load(name: str = DEFAULT, weights: str | None = None) -> Embedder:
    """The embedder of that name; weights is a local file or folder for those that ship without them."""
    if name == "logmel-stats-v1":
        from metrics.embedders.logmel_stats import LogMelStats

        return LogMelStats()
    raise UsageProblem(f"there is no embedder {name!r}", f"one of {', '.join(NAMES)}", "choose one of these")
