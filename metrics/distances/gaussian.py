"""Mean and covariance of a stream of embeddings, in one pass, mergeable, and tied to the embedder that made them."""

import json
from pathlib import Path

import numpy as np
from scipy.linalg.blas import dsyrk

from metrics.distances.frechet import frechet_distance_from_statistics
from metrics.distances.samples import SampleProblem, check_same_width, check_samples
from spectrogram import json_text
from spectrogram.files import atomic
from spectrogram.problems import Problem

LEAST_ROWS_A_BLOCK = 256
MIRROR_BLOCK = 256


class EmbedderMismatch(Problem):
    """Statistics of two embedders, versions or front ends met."""


class GaussianStatistics:
    """Count, mean (d,) and unbiased covariance (d, d) of all rows given to `update`, in float64.

    Rows wait in one buffer, because a covariance update passes over a (d, d) matrix however few rows it brings; it is
    filled in place, the centre subtracted on the way in, so that nearly all the time goes into the product itself.
    Sums are taken about the mean of the first buffer: a large common offset then costs no digits.
    Source: Chan, Golub and LeVeque, 1983.
    """

    def __init__(self, embedder: dict | None = None):
        self.embedder = embedder
        self._buffer: np.ndarray | None = None
        self._waiting = 0
        self._count = 0
        self._centre: np.ndarray | None = None
        self._sum: np.ndarray | None = None
        self._scatter: np.ndarray | None = None

    @property
    def count(self) -> int:
        """How many rows have been seen."""
        return self._count + self._waiting

    @property
    def mean(self) -> np.ndarray:
        """Mean of the rows, shape (d,)."""
        self._require(1)
        return self._centre + self._sum / self._count

    @property
    def covariance(self) -> np.ndarray:
        """Unbiased covariance of the rows, shape (d, d)."""
        self._require(2)
        covariance = self._scatter_about_mean()
        covariance /= self._count - 1
        return covariance

    def update(self, batch) -> "GaussianStatistics":
        """Adds the rows of batch (n, d); returns itself. A batch without rows changes nothing."""
        rows = np.asarray(batch)
        if rows.shape[:1] == (0,):
            return self
        if rows.ndim != 2 or not rows.size or not np.isfinite(rows).all():
            rows = check_samples(batch, "batch", minimum_rows=1)  # names the fault
        self._check_width(rows.shape[1])
        taken = 0
        while taken < len(rows):
            piece = rows[taken : taken + len(self._buffer) - self._waiting]
            place = self._buffer[self._waiting : self._waiting + len(piece)]
            np.subtract(piece, 0.0 if self._centre is None else self._centre, out=place)
            self._waiting += len(piece)
            taken += len(piece)
            if self._waiting == len(self._buffer):
                self._flush()
        return self

    def merge(self, other: "GaussianStatistics") -> "GaussianStatistics":
        """Adds everything that other has seen; returns itself. The order of merges changes only the last digits."""
        require_same_embedder(self.embedder, other.embedder)
        self._flush()
        other._flush()
        if other._count == 0:
            return self
        if self._count == 0:
            self._adopt(other._count, other.mean, other._scatter_about_mean())
            return self
        check_same_width(self._centre.size, other._centre.size)
        count = self._count + other._count
        step = other.mean - self.mean
        scatter = self._scatter_about_mean()
        scatter += other._scatter_about_mean()
        scatter += np.outer(step, step * (self._count * other._count / count))
        self._adopt(count, self.mean + step * (other._count / count), scatter)
        return self

    def distance_to(self, other: "GaussianStatistics") -> float:
        """Fréchet distance to other, refused where the embedders differ."""
        require_same_embedder(self.embedder, other.embedder)
        return frechet_distance_from_statistics(self.mean, self.covariance, other.mean, other.covariance)

    def save(self, path) -> Path:
        """Writes count, mean, scatter and the embedder's identity to one .npz file; nothing half-written is left."""
        path = Path(path)
        self._require(1)
        with atomic.replacing(path) as unfinished, open(unfinished, "wb") as file:
            np.savez(
                file,
                count=self._count,
                mean=self.mean,
                scatter=self._scatter_about_mean(),
                embedder=json_text.dumps(self.embedder, sort_keys=True),
            )
        return path

    @classmethod
    def load(cls, path, embedder: dict | None = None) -> "GaussianStatistics":
        """The statistics that `save` wrote; with embedder given, refused unless that one made them."""
        with np.load(path, allow_pickle=False) as stored:
            statistics = cls(json.loads(str(stored["embedder"])))
            statistics._adopt(int(stored["count"]), stored["mean"], stored["scatter"])
        if embedder is not None:
            require_same_embedder(statistics.embedder, embedder)
        return statistics

    def _check_width(self, width: int) -> None:
        if self._centre is not None or self._buffer is not None:
            check_same_width(width, self._buffer.shape[1] if self._centre is None else self._centre.size)
        if self._buffer is None:
            self._buffer = np.empty((max(width // 2, LEAST_ROWS_A_BLOCK), width))

    def _flush(self) -> None:
        if not self._waiting:
            return
        rows, self._waiting = self._buffer[: self._waiting], 0
        if self._centre is None:
            self._adopt(0, rows.mean(axis=0), np.zeros((rows.shape[1], rows.shape[1])))
            rows -= self._centre
        self._count += len(rows)
        self._sum += rows.sum(axis=0)
        # Only the upper triangle is kept, and the sum is formed in place: no second (d, d) matrix is ever needed.
        self._scatter = dsyrk(1.0, rows.T, beta=1.0, c=self._scatter, overwrite_c=1)

    def _adopt(self, count: int, mean: np.ndarray, scatter: np.ndarray) -> None:
        """Takes over a symmetric scatter about this mean; its transpose is what LAPACK calls column order."""
        self._count, self._centre, self._scatter = count, mean, np.ascontiguousarray(scatter).T
        self._sum = np.zeros_like(mean)

    def _scatter_about_mean(self) -> np.ndarray:
        """Both triangles, by blocks of rows, so that the result is the only new (d, d) matrix."""
        width = self._centre.size
        whole = np.empty((width, width))
        for start in range(0, width, MIRROR_BLOCK):
            here = slice(start, start + MIRROR_BLOCK)
            strip = self._scatter[here, start:] - np.outer(self._sum[here], self._sum[start:] / self._count)
            strip[:, :MIRROR_BLOCK] = np.triu(strip[:, :MIRROR_BLOCK])
            strip[:, :MIRROR_BLOCK] += np.triu(strip[:, :MIRROR_BLOCK], 1).T
            whole[here, start:], whole[start:, here] = strip, strip.T
        return whole

    def _require(self, rows: int) -> None:
        self._flush()
        if self._count < rows:
            raise SampleProblem(
                f"the statistics have seen {self._count} row(s)", f"at least {rows}", "call update first"
            )


def require_same_embedder(first: dict | None, second: dict | None) -> None:
    """Nothing, or an error that names the fields in which two embedder identities differ."""
    if first == second:
        return
    one, two = first or {}, second or {}
    fields = sorted(key for key in one.keys() | two.keys() if one.get(key) != two.get(key))
    shown = ", ".join(f"{key} {one.get(key, 'unknown')!r} and {two.get(key, 'unknown')!r}" for key in fields)
    raise EmbedderMismatch(
        f"statistics of two embedders cannot be mixed, they differ in {shown}",
        "one embedder, version, checkpoint and front end for both sets",
        "embed both sets again with the same embedder",
    )
