"""The noise that a clip grows from: drawn on the CPU from a seed, and mixed without losing its loudness."""

from spectrogram.seeds import make_generators


def draw_noise(pipeline, seed: int, columns: int):
    """Noise (1, channels, height / 8, width / 8), float32 on the CPU: what diffusers itself draws for that seed."""
    import torch

    factor = pipeline.vae_scale_factor
    shape = (1, pipeline.unet.config.in_channels, pipeline.params.height // factor, columns // factor)
    return torch.randn(shape, generator=make_generators(seed, 1)[0], dtype=torch.float32)


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
