"""Checks that turn any array of numbers into float64 rows, or say which row is at fault and why.

Convention of this package: rows are samples, columns are dimensions, `x` is the generated set and `y` the reference.
"""

import numpy as np

from spectrogram.problems import Problem


class SampleProblem(Problem):
    """A set of rows that no distance may be computed from."""


def check_samples(samples, name: str, minimum_rows: int = 2) -> np.ndarray:
    """The samples as a float64 array (n, d), with n >= minimum_rows and every number finite."""
    rows = np.asarray(samples, dtype=np.float64)
    if rows.ndim != 2:
        raise SampleProblem(
            f"{name} has {rows.ndim} dimension(s), shape {rows.shape}",
            "rows of samples, shape (n, d)",
            "reshape one row as samples[None, :], or one column as samples[:, None]",
        )
    if rows.shape[0] < minimum_rows:
        raise SampleProblem(
            f"{name} has {rows.shape[0]} row(s)",
            f"at least {minimum_rows} rows",
            "give more clips: a spread cannot be estimated from fewer",
        )
    if rows.shape[1] == 0:
        raise SampleProblem(f"{name} has no columns", "at least one dimension", "check what the embedder returned")
    _check_finite(rows, name)
    return rows


def _check_finite(rows: np.ndarray, name: str) -> None:
    finite = np.isfinite(rows).all(axis=1)
    if not finite.all():
        bad = np.flatnonzero(~finite)
        shown = ", ".join(str(index) for index in bad[:5])
        raise SampleProblem(
            f"{name} holds NaN or Inf in {bad.size} of {len(rows)} rows, counted from 0: row {shown}",
            "finite numbers only",
            "look at the audio of these rows, then mend or leave out those clips",
        )


def check_pair(x, y, minimum_rows: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Both sets as float64 rows of one width."""
    x = check_samples(x, "x (generated)", minimum_rows)
    y = check_samples(y, "y (reference)", minimum_rows)
    check_same_width(x.shape[1], y.shape[1])
    return x, y


def check_same_width(width_x: int, width_y: int) -> None:
    """Nothing, or an error that names both widths."""
    if width_x != width_y:
        raise SampleProblem(
            f"x has {width_x} dimensions and y has {width_y}",
            "two sets from one embedder",
            "embed both sets with the same embedder and version",
        )
