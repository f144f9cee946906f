"""How far pictures of a path lie from its ends, and which of them lead from one end to the other in even steps.

Distances are in a space of sound: the base's ear where it has one, else the mean and the spread of each band over
time. They are told in units of the distance between the ends, so `away` goes from 0 to 1 and `left` from 1 to 0.
"""

import numpy as np

from spectrogram.problems import Problem

EAR, STATISTICS = "the base's ear", "mean and spread of each band"
# Share of an even step that satisfies: what is left of the search is then not worth its time.
ENOUGH = 0.3


def embed(pipeline, images: list) -> tuple[np.ndarray, str]:
    """(rows (n, dimensions), what they are) of PIL pictures."""
    try:
        return np.asarray(pipeline.ear.embed_images(images)), EAR
    except Problem:
        return np.stack([_statistics(image) for image in images]), STATISTICS


def _statistics(image) -> np.ndarray:
    pixels = np.asarray(image.convert("L"), dtype=np.float64)
    return np.concatenate([pixels.mean(axis=1), pixels.std(axis=1)])


def distances(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(away, left), each (n,): distances to the first and to the last row, over the distance between these two."""
    away, left = (np.linalg.norm(rows - rows[end], axis=1) for end in (0, -1))
    return away / max(away[-1], 1e-9), left / max(away[-1], 1e-9)


def way(rows: np.ndarray) -> np.ndarray:
    """(n,) share 0 … 1 of the whole way through all rows that is behind each of them, step by step."""
    steps = np.linalg.norm(np.diff(rows, axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps) / max(steps.sum(), 1e-9)])


def choose(away: np.ndarray, left: np.ndarray, count: int) -> list[int]:
    """Places of `count` of them in ascending order, both ends included, whose smallest step is as large as can be.

    A step is how much farther from the first it leads, or how much nearer to the last, whichever is less.
    """
    size = len(away)
    step = np.minimum(away[None] - away[:, None], left[:, None] - left[None])
    step[np.tril_indices(size)] = -np.inf  # never back
    best, before = np.full((count, size), -np.inf), np.zeros((count, size), int)
    best[0, 0] = np.inf
    for i in range(1, count):
        reached = np.minimum(best[i - 1][:, None], step)
        before[i], best[i] = reached.argmax(axis=0), reached.max(axis=0)
    places = [size - 1]
    for i in range(count - 1, 0, -1):
        places.append(int(before[i, places[-1]]))
    return places[::-1]


def smallest_step(away: np.ndarray, left: np.ndarray, places: list[int]) -> float:
    """The smallest step of the chosen ones; above 0 when all go forward in both distances. At most 1 / steps."""
    return float(min(np.diff(away[places]).min(), -np.diff(left[places]).max()))


def widest_gap(away: np.ndarray, left: np.ndarray, shares: list[float]) -> float | None:
    """The share in the middle of the two neighbours whose distances differ most; None when no two do."""
    gaps = np.abs(np.diff(away)) + np.abs(np.diff(left))
    # Neighbours that are hardly apart in share are a jump of the model's own: nothing lies between them.
    gaps[np.diff(shares) < 1 / 512] = 0
    place = int(np.argmax(gaps))
    if gaps[place] == 0:
        return None
    return (shares[place] + shares[place + 1]) / 2
