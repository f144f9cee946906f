"""Fréchet distance of two Gaussians: ‖μx-μy‖² + tr Sx + tr Sy - 2 tr (Sx Sy)^½, no square root taken.

Covariances are unbiased (ddof 1). The trace of the root is the nuclear norm of Fxᵀ Fy for any factors Sx = Fx Fxᵀ and
Sy = Fy Fyᵀ, so no matrix root is ever formed, nothing complex appears and nothing is added to a diagonal:

* fewer rows than dimensions: the centred rows are the factors, and the norm is that of an (n, m) matrix;
* well conditioned: Cholesky factors and the eigenvalues of a symmetric product, with a bound on what that loses;
* anything else: triangular (QR) or spectral factors and singular values, accurate to rounding.

Source: Dowson and Landau, 1982 (the distance); Kilgour et al., 2019 (its use on audio embeddings).
"""

import numpy as np

from metrics.distances.samples import SampleProblem, check_pair, check_same_width, check_samples

# What the fast road may lose, relative to the distance itself, before the accurate road is taken.
FAST_ROAD_LOSS = 1e-10
# A negative distance smaller than this share of the traces is rounding; a larger one is an error.
ROUNDING_SHARE = 1e-9


def frechet_distance(x, y) -> float:
    """Fréchet distance of the Gaussians fitted to generated rows x (n, d) and reference rows y (m, d).

    Squared units of the embedding. Raises ValueError for fewer than 2 rows, unequal widths, NaN or Inf.
    """
    x, y = check_pair(x, y)
    mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
    shift = float(np.sum((mean_x - mean_y) ** 2))
    factor_x, factor_y = _centred(x, mean_x), _centred(y, mean_y)
    traces = float(np.sum(factor_x**2) + np.sum(factor_y**2))
    if min(len(x), len(y)) <= x.shape[1]:
        return _assemble(shift, traces, _nuclear_norm(factor_x @ factor_y.T))
    fast = _fast_root_trace(factor_x.T @ factor_x, factor_y.T @ factor_y, shift + traces)
    if fast is not None:
        return _assemble(shift, traces, fast)
    triangle_x, triangle_y = (np.linalg.qr(factor, mode="r") for factor in (factor_x, factor_y))
    return _assemble(shift, traces, _nuclear_norm(triangle_x @ triangle_y.T))


def frechet_distance_from_statistics(mu1, sigma1, mu2, sigma2) -> float:
    """Fréchet distance of two Gaussians given by means (d,) and covariances (d, d); the order of the two is free.

    Less is known here than from rows: a covariance of fewer rows than dimensions carries rounding noise where its
    eigenvalues should be 0, and that noise is cut at d · 2.2e-16 of the largest eigenvalue.
    """
    mean_1, covariance_1 = _check_statistics(mu1, sigma1, "first")
    mean_2, covariance_2 = _check_statistics(mu2, sigma2, "second")
    check_same_width(mean_1.size, mean_2.size)
    shift = float(np.sum((mean_1 - mean_2) ** 2))
    traces = float(np.trace(covariance_1) + np.trace(covariance_2))
    root_trace = _fast_root_trace(covariance_1, covariance_2, shift + traces)
    if root_trace is None:
        root_trace = _nuclear_norm(_spectral_factor(covariance_1).T @ _spectral_factor(covariance_2))
    return _assemble(shift, traces, root_trace)


def frechet_distance_per_row_group(groups, y) -> list[float]:
    """Distance of each group of rows (n_i, d) from the reference rows y, in the order of the groups: one figure a clip.

    A group of one row counts as a Gaussian without spread. Rank and size move these figures, so compare only groups of
    about equal length.
    """
    y = check_samples(y, "y (reference)")
    spread = float(np.sum(y.var(axis=0, ddof=1)))
    return [_distance_of_group(check_samples(group, "a group", 1), y, spread) for group in groups]


def _distance_of_group(group: np.ndarray, y: np.ndarray, spread: float) -> float:
    if len(group) > 1:
        return frechet_distance(group, y)
    check_same_width(group.shape[1], y.shape[1])
    return float(np.sum((group[0] - y.mean(axis=0)) ** 2)) + spread


def fad_infinity(x, y, index_arrays) -> tuple[float, float, float]:
    """(value, slope, r2) of the line FD(x[indices], y) = value + slope / n, fitted over the given index arrays.

    The value is the distance at an endless generated set; the bias of the reference stays in it. Each array holds row
    numbers of x, best drawn without replacement; at least two different sizes are needed.
    Source: Chong and Forsyth, 2020; Gui et al., 2024.
    """
    x, y = check_pair(x, y)
    subsets = [np.asarray(indices, dtype=np.intp) for indices in index_arrays]
    if len({len(indices) for indices in subsets}) < 2:
        raise SampleProblem(
            f"{len(subsets)} index arrays have {len({len(i) for i in subsets})} different size(s)",
            "at least two sizes, or no line can be fitted",
            "give subsets from about half the rows to all of them",
        )
    inverse_sizes = np.array([1 / len(indices) for indices in subsets])
    distances = np.array([float(frechet_distance(x[indices], y)) for indices in subsets])
    slope, value = np.polyfit(inverse_sizes, distances, 1)
    residual = np.sum((distances - value - slope * inverse_sizes) ** 2)
    spread = np.sum((distances - distances.mean()) ** 2)
    return float(value), float(slope), float(1 - residual / spread) if spread > 0 else 1.0


def _centred(rows: np.ndarray, mean: np.ndarray) -> np.ndarray:
    return (rows - mean) / np.sqrt(len(rows) - 1)


def _check_statistics(mean, covariance, name: str) -> tuple[np.ndarray, np.ndarray]:
    mean = check_samples(np.atleast_1d(np.asarray(mean, dtype=np.float64))[None, :], f"{name} mean", minimum_rows=1)[0]
    covariance = check_samples(np.atleast_2d(np.asarray(covariance)), f"{name} covariance", minimum_rows=1)
    if covariance.shape != (mean.size, mean.size):
        raise SampleProblem(
            f"{name} covariance has shape {covariance.shape} and its mean has {mean.size} dimensions",
            f"shape {(mean.size, mean.size)}",
            "take both from one GaussianStatistics",
        )
    return mean, covariance


def _fast_root_trace(covariance_x: np.ndarray, covariance_y: np.ndarray, scale: float) -> float | None:
    """tr (Sx Sy)^½ by Cholesky, or None where the bound on its error is too wide for this distance."""
    try:
        product = np.linalg.cholesky(covariance_x).T @ np.linalg.cholesky(covariance_y)
    except np.linalg.LinAlgError:  # singular: the accurate road handles it
        return None
    eigenvalues = np.linalg.eigvalsh(product @ product.T)
    if eigenvalues[0] <= 0:
        return None
    roots = np.sqrt(eigenvalues)
    # An eigenvalue is known to within a few eps of the largest; its root therefore to within that over twice the root.
    loss = np.sum(4 * np.finfo(float).eps * eigenvalues[-1] / (2 * roots))
    distance = scale - 2 * float(roots.sum())
    return float(roots.sum()) if loss < FAST_ROAD_LOSS * abs(distance) else None


def _spectral_factor(covariance: np.ndarray) -> np.ndarray:
    eigenvalues, vectors = np.linalg.eigh(covariance)
    noise = len(eigenvalues) * np.finfo(float).eps * max(eigenvalues[-1], 0.0)
    if eigenvalues[0] < -max(noise, ROUNDING_SHARE * abs(eigenvalues[-1])):
        raise SampleProblem(
            f"a covariance has the negative eigenvalue {eigenvalues[0]:.3g}",
            "a symmetric matrix without negative eigenvalues",
            "check that it was computed in float64 from finite rows",
        )
    kept = eigenvalues > noise
    return vectors[:, kept] * np.sqrt(eigenvalues[kept])


def _nuclear_norm(matrix: np.ndarray) -> float:
    return float(np.linalg.svd(matrix, compute_uv=False).sum()) if matrix.size else 0.0


def _assemble(shift: float, traces: float, root_trace: float) -> float:
    distance = shift + traces - 2 * root_trace
    if distance < -ROUNDING_SHARE * (shift + traces):
        raise SampleProblem(
            f"the distance came out as {distance:.3g} with traces of {traces:.3g}",
            "a value of 0 or more",
            "check that both covariances are symmetric and in float64",
        )
    return max(distance, 0.0)
