"""The noise that a clip grows from: drawn on the CPU from a seed, and mixed without losing its loudness."""

from spectrogram.sampling.seeds import make_generators


def draw_noise(pipeline, seed: int, columns: int):
    """Noise (1, channels, height / 8, width / 8), float32 on the CPU: what the pipeline grows that seed's clip from."""
    return draw_batch(pipeline, make_generators(seed, 1), 1, columns)


def draw_batch(pipeline, generators, count: int, columns: int):
    """Noise (count, channels, height / 8, width / 8), float32, of one generator a clip or one for all.

    In half precision diffusers would draw other numbers from the same seed: what a seed means must not depend on that.
    """
    import torch

    factor = pipeline.vae_scale_factor
    shape = (pipeline.unet.config.in_channels, pipeline.params.height // factor, columns // factor)
    if not isinstance(generators, list):
        return torch.randn((count, *shape), generator=generators, dtype=torch.float32)
    return torch.cat([torch.randn((1, *shape), generator=one, dtype=torch.float32) for one in generators])


def slerp(first, second, amount: float):
    """Spherical interpolation: `first` at amount 0, `second` at 1; between them the norm stays that of noise.

    Shoemake 1985. Nearly parallel tensors fall back to a straight line, where both formulas agree.
    """
    import torch

    cosine = torch.sum(first * second) / (first.norm() * second.norm())
    angle = torch.arccos(torch.clamp(cosine, -1.0, 1.0))
    if torch.sin(angle).abs() < 1e-4:
        return torch.lerp(first, second, amount)
    return (torch.sin((1 - amount) * angle) * first + torch.sin(amount * angle) * second) / torch.sin(angle)


def varied_noise(pipeline, seed: int, variation_seed: int, amount: float, columns: int):
    """The noise of `seed`, turned by `amount` (0 … 1) towards that of `variation_seed`."""
    return slerp(draw_noise(pipeline, seed, columns), draw_noise(pipeline, variation_seed, columns), amount)
