"""Where each of several prompts is followed: soft edges, and never a place that follows none."""

import torch

from spectrogram.codec.mel import warp

FEATHER_S = 0.25
FEATHER_ROWS = 1.0  # latents, each 8 bands high


def column_weights(events: list[tuple[float, float, str]], width: int, clip_seconds: float) -> list[torch.Tensor]:
    """How much each latent column (width,) follows each (start_s, end_s, prompt): 1 inside, falling over 0.25 s."""
    centres_s = (torch.arange(width) + 0.5) * clip_seconds / width
    return _fade([torch.maximum(start_s - centres_s, centres_s - end_s) for start_s, end_s, _ in events], FEATHER_S)


def row_weights(bands: list[tuple[float, float, str]], height: int, width: int, params) -> list[torch.Tensor]:
    """How much each latent (height, width) follows each (low_hz, high_hz, prompt): 1 inside, falling over 8 bands."""
    low, high = warp(params, [params.low_hz, params.high_hz])
    centres = height - torch.arange(height) - 0.5  # in rows from the bottom
    edges = [[(float(warp(params, hertz)) - low) / (high - low) * height for hertz in band[:2]] for band in bands]
    outside = [torch.maximum(bottom - centres, centres - top) for bottom, top in edges]
    return [weight[:, None].expand(height, width) for weight in _fade(outside, FEATHER_ROWS)]


def _fade(outside: list[torch.Tensor], feather: float) -> list[torch.Tensor]:
    """Weights from distances beyond each region's edge (negative inside)."""
    outside = [torch.clamp(distance, min=0) for distance in outside]
    # The small remainder decides only where no region is near: there the nearest one rules.
    weights = [torch.clamp(1 - distance / feather, min=0) + 1e-4 / (1 + distance) ** 4 for distance in outside]
    uncovered = torch.stack(weights).sum(dim=0) < 0.5
    return [torch.where((weight < 1e-3) & ~uncovered, torch.zeros_like(weight), weight) for weight in weights]
