"""Spectral differences against closed forms and loops."""

import numpy as np
import pytest

from metrics.distances import spectral
from tests.metrics.sounds import noise, tone

A, B = noise(1), noise(1) + noise(2, scale=0.03)


def test_half_the_amplitude_is_six_decibels_and_half_the_norm():
    assert spectral.log_spectral_distance(A, A / 2) == pytest.approx(20 * np.log10(2), rel=1e-3)
    assert spectral.spectral_convergence(A, A / 2) == pytest.approx(0.5, rel=1e-9)


def test_equal_clips_differ_by_nothing():
    assert spectral.log_spectral_distance(A, A) == 0
    assert spectral.multi_resolution_stft(A, A) == 0
    assert spectral.structural_similarity(A, A) == pytest.approx(1)


def test_silence_counts_the_same_on_either_side():
    silence = np.zeros_like(A)
    assert spectral.log_spectral_distance(A, silence) == pytest.approx(spectral.log_spectral_distance(silence, A))
    assert spectral.log_spectral_distance(silence, silence) == 0
    with pytest.raises(ValueError, match="reference is silent"):
        spectral.spectral_convergence(silence, A)


def test_a_full_scale_sine_has_power_one_at_its_bin():
    full = tone(1000) * 2
    power = spectral._powers(full, full, 1024, 256, 1024)[0]
    assert power[:, 64].mean() == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize(
    "measure", [spectral.log_spectral_distance, spectral.multi_resolution_stft, spectral.picture_error]
)
def test_more_noise_is_further_away(measure):
    levels = [measure(A, A + noise(3, scale=scale)) for scale in (0.003, 0.01, 0.03, 0.1)]
    assert levels == sorted(levels)
    assert levels[0] < levels[-1]


def test_structural_similarity_equals_the_loop_over_windows():
    a, b = (spectral._picture(power)[:12, :20] for power in spectral._powers(A, B, 1024, 256, 1024))
    values = []
    for row in range(a.shape[0] - 6):
        for column in range(a.shape[1] - 6):
            u, v = a[row : row + 7, column : column + 7], b[row : row + 7, column : column + 7]
            covariance = np.cov(u.ravel(), v.ravel())
            near = (2 * u.mean() * v.mean() + 1e-4) / (u.mean() ** 2 + v.mean() ** 2 + 1e-4)
            values.append(near * (2 * covariance[0, 1] + 9e-4) / (covariance[0, 0] + covariance[1, 1] + 9e-4))
    assert spectral.picture_similarity(a, b) == pytest.approx(np.mean(values), rel=1e-9)


def test_the_longer_clip_is_cut_and_too_short_ones_are_refused():
    assert spectral.log_spectral_distance(A, np.append(A, noise(9))) == 0
    with pytest.raises(ValueError, match=r"500 samples \(expected at least 1024"):
        spectral.log_spectral_distance(A[:500], A)
