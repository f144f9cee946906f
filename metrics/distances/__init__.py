"""Distances between two sets of numbers: x is generated, y is the reference, rows are samples, results are float64."""

from metrics.distances.divergence import inception_score, kl_divergence, paired_kl
from metrics.distances.frechet import (
    fad_infinity,
    frechet_distance,
    frechet_distance_from_statistics,
    frechet_distance_per_row_group,
)
from metrics.distances.gaussian import EmbedderMismatch, GaussianStatistics, require_same_embedder
from metrics.distances.kernels import kernel_distance, kernel_inception_distance, median_distance
from metrics.distances.samples import SampleProblem
from metrics.distances.texts import text_sound_cosine

__all__ = [
    "EmbedderMismatch",
    "GaussianStatistics",
    "SampleProblem",
    "fad_infinity",
    "frechet_distance",
    "frechet_distance_from_statistics",
    "frechet_distance_per_row_group",
    "inception_score",
    "kernel_distance",
    "kernel_inception_distance",
    "kl_divergence",
    "median_distance",
    "paired_kl",
    "require_same_embedder",
    "text_sound_cosine",
]
