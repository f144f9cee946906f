"""The noise that a clip grows from: drawn on the CPU from a seed, and mixed without losing its loudness."""

import torch

from spectrogram.problems import UsageProblem
from spectrogram.sampling.seeds import make_generators


def draw_noise(pipeline, seed: int, columns: int) -> torch.Tensor:
    """Noise (1, channels, height / 8, width / 8), float32 on the CPU: what the pipeline grows that seed's clip from."""
    return draw_batch(pipeline, make_generators(seed, 1), 1, columns)


def draw_batch(pipeline, generators, count: int, columns: int) -> torch.Tensor:
    """Noise (count, channels, height / 8, width / 8), float32, of one generator a clip or one for all.

    In half precision diffusers would draw other numbers from the same seed: what a seed means must not depend on that.
    """
    factor = pipeline.vae_scale_factor
    shape = (pipeline.unet.config.in_channels, pipeline.params.height // factor, columns // factor)
    if not isinstance(generators, list):
        return torch.randn((count, *shape), generator=generators, dtype=torch.float32)
    return torch.cat([torch.randn((1, *shape), generator=one, dtype=torch.float32) for one in generators])


def slerp(first: torch.Tensor, second: torch.Tensor, amount: float) -> torch.Tensor:
    """Spherical interpolation: `first` at amount 0, `second` at 1; between them the norm stays that of noise.

    Shoemake 1985. Nearly parallel tensors fall back to a straight line, where both formulas agree.
    """
    cosine = torch.sum(first * second) / (first.norm() * second.norm())
    angle = torch.arccos(torch.clamp(cosine, -1.0, 1.0))
    if torch.sin(angle).abs() < 1e-4:
        return torch.lerp(first, second, amount)
    return (torch.sin((1 - amount) * angle) * first + torch.sin(amount * angle) * second) / torch.sin(angle)


def varied_batch(pipeline, seeds: list[int | None], variation_seed: int, amount: float, columns: int) -> torch.Tensor:
    """Noise (clips, channels, height / 8, width / 8): each seed's, turned by `amount` (0 to 1) towards another's.

    The others' seeds are variation_seed, variation_seed + 1, … Raises UsageProblem for a clip without a seed.
    """
    if not 0 <= amount <= 1:
        raise UsageProblem(f"the amount of variation is {amount}", "0 to 1", "try 0.3")
    if None in seeds:
        raise UsageProblem("the variation has no beginning", "a seed", "give seed=")
    noise = [
        slerp(draw_noise(pipeline, seed, columns), draw_noise(pipeline, variation_seed + i, columns), amount)
        for i, seed in enumerate(seeds)
    ]
    return torch.cat(noise).to(pipeline._execution_device, pipeline.unet.dtype)
