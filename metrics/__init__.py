"""Metrics for generated sound: what is measured, with which embedder, on which clips, and how far it can be trusted."""

from pathlib import Path


def module(name: str) -> str:
    """Where an ``evaluate`` module of this package lies, from whatever folder and however it was installed.

    Args:
        name: Of the metric, such as "frechet_audio_distance"; metrics/README.md lists all.

    Returns:
        The folder, for ``evaluate.load(metrics.module(name))``.

    Raises:
        ValueError: There is no such metric; the text lists those that there are.
    """
    here = Path(__file__).parent
    names = sorted(path.stem for path in here.glob("*/*.py") if path.stem == path.parent.name)
    if name not in names:
        raise ValueError(f"there is no metric {name!r}: expected one of {', '.join(names)}")
    return str(here / name)
