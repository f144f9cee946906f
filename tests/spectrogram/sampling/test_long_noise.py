"""The noise that long clips start from: every window is as loud as the next, and it is still noise."""

import torch

from spectrogram.sampling.long import balanced

NOISE = torch.randn(1, 4, 16, 188, generator=torch.Generator().manual_seed(0))


def window_means(noise):
    return torch.nn.functional.avg_pool2d(noise, (1, 32), stride=1)[..., 16:-16]


def test_the_mean_of_a_window_hardly_changes_from_window_to_window():
    before, after = (window_means(noise).std(dim=-1).mean() for noise in (NOISE, balanced(NOISE, 32)))
    assert after < 0.5 * before


def test_it_stays_noise_of_the_same_size():
    assert abs(balanced(NOISE, 32).std() - 1) < 0.03
    assert torch.corrcoef(torch.stack([NOISE.flatten(), balanced(NOISE, 32).flatten()]))[0, 1] > 0.95


def test_a_clip_of_one_window_starts_from_the_very_same_noise():
    assert torch.equal(balanced(NOISE[..., :32], 32), NOISE[..., :32])
