"""The learned inverse on tensors: the same coefficients, inputs and limits as `learned_inverse`."""

import math

import torch
import torch.nn.functional as F

from spectrogram.codec.learned_inverse import (
    FINE,
    FLOOR_DB,
    GREATEST_CHANGE_DB,
    NEIGHBOURS,
    REACH,
    SCALE_DB,
    Weights,
    band_positions,
)
from spectrogram.params import SpectrogramParams


def fine_magnitude(levels, params: SpectrogramParams, weights: Weights, bands, spread) -> torch.Tensor:
    """Bin magnitudes (batch, frames·FINE, bins) of band levels (batch, bands, frames)."""
    level_db = (20 * torch.log10(levels.clamp_min(1e-9))).clamp_min(FLOOR_DB)
    inputs, base = _look(level_db, params)
    mixtures, coefficients = (
        torch.from_numpy(array).to(levels.device) for array in (weights.mixtures, weights.coefficients)
    )
    linear, rectified = coefficients.split([inputs.shape[-1], mixtures.shape[1]], dim=1)
    change_db = SCALE_DB * (inputs @ linear + (inputs @ mixtures).clamp_min(0) @ rectified)
    change_db = change_db.clamp(-GREATEST_CHANGE_DB, GREATEST_CHANGE_DB)
    magnitude = torch.exp((base[..., None] + change_db) * (math.log(10) / 20))
    gain = (levels / (bands @ magnitude[..., FINE // 2]).clamp_min(1e-7)).clamp(0, 4)
    magnitude = magnitude * (spread @ gain)[..., None]
    return magnitude.reshape(*magnitude.shape[:2], -1).mT.contiguous()


def _look(level_db: torch.Tensor, params: SpectrogramParams) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs (batch, bins, frames, inputs) and base levels (batch, bins, frames), as `learned_inverse.look`."""
    nearest, position = (torch.from_numpy(array).to(level_db.device) for array in band_positions(params))
    below = position.long().clamp_max(params.bands - 2)
    part = (position - below).float()[:, None]
    base = level_db[:, below] * (1 - part) + level_db[:, below + 1] * part
    padded = F.pad(level_db[:, None], (2, 2, 3, 3), mode="replicate")[:, 0]
    frames = level_db.shape[2]
    seen = [padded[:, nearest + 3 + band, 2 + column : 2 + column + frames] - base for band, column in NEIGHBOURS]
    inputs = torch.stack([*seen, torch.full_like(base, SCALE_DB)], dim=-1)
    return (inputs / SCALE_DB).clamp(-REACH, REACH), base
