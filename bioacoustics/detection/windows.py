"""Scores of overlapping windows of a recording that is never held whole.

Spectrograms are made once for each block and cut into windows, so overlapping windows cost no second transform.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bioacoustics.classifiers.clips import Clips
from bioacoustics.classifiers.front_end import as_bytes
from bioacoustics.classifiers.model_files import Classifier
from bioacoustics.classifiers.trainer import scores
from bioacoustics.separation.stream import mono_blocks

BLOCK_S = 60.0


@dataclass(frozen=True)
class WindowScores:
    """Probabilities (windows, classes); window n covers ``n * hop_s`` to ``n * hop_s + window_s``."""

    scores: np.ndarray
    hop_s: float
    window_s: float
    seconds: float


def score_recording(
    path: Path, classifier: Classifier, hop_s: float, progress: Callable[[float], None] = lambda seconds: None
) -> WindowScores:
    """The scores of every window of a recording; a last window that is not full is padded with silence.

    Args:
        path: the recording, of any length and rate.
        classifier: what scores a window of ``classifier.seconds``.
        hop_s: from one window to the next.
        progress: told how many seconds are done.
    Raises:
        SeparationProblem: a recording that cannot be read or holds no sound.
    """
    rate_hz, parts, seconds = classifier.rate_hz, [], 0.0
    for windows, seconds in window_blocks(mono_blocks(path, rate_hz, BLOCK_S), classifier, hop_s):
        parts.append(windows)
        progress(seconds)
    return WindowScores(np.concatenate(parts), hop_s, classifier.seconds, seconds)


def window_blocks(
    blocks: Iterator[np.ndarray], classifier: Classifier, hop_s: float
) -> Iterator[tuple[np.ndarray, float]]:
    """(scores of the windows that a block completes, seconds read so far)."""
    hop, window = round(hop_s * classifier.rate_hz), round(classifier.seconds * classifier.rate_hz)
    kept, read, any_done = np.zeros(0, np.float32), 0, False
    for block in blocks:
        kept, read = np.concatenate([kept, block]), read + len(block)
        count = (len(kept) - window) // hop + 1 if len(kept) >= window else 0
        if count:
            any_done = True
            yield (
                scores_of(kept[: (count - 1) * hop + window], count, hop, window, classifier),
                read / classifier.rate_hz,
            )
            kept = kept[count * hop :]
    # What the last full window covers need not be looked at again.
    if not any_done or len(kept) > window - hop:
        padded = np.pad(kept, (0, max(0, window - len(kept))))
        yield scores_of(padded[:window], 1, hop, window, classifier), read / classifier.rate_hz


def scores_of(audio: np.ndarray, count: int, hop: int, window: int, classifier: Classifier) -> np.ndarray:
    """Scores of ``count`` windows of a stretch of sound."""
    step = classifier.front.params.hop_samples if classifier.front else 0
    if not step or hop % step or window % step:
        return classifier.scores([audio[n * hop : n * hop + window] for n in range(count)])
    stored = as_bytes(classifier.front.db(audio))
    views = np.stack([stored[n * hop // step : (n * hop + window) // step] for n in range(count)])
    unknown = np.zeros((count, len(classifier.classes)), np.float32)
    clips = Clips(views, unknown, classifier.classes, np.arange(count), ("",) * count)
    return scores(classifier.network, clips, classifier.front, several=classifier.multi_label, batch=64)
