"""What training makes small. Logits and targets (batch, classes); targets may be mixtures in [0, 1]."""

from __future__ import annotations

import torch
from torch.nn import functional

FOCUS = 2.0


def cross_entropy(logits: torch.Tensor, targets: torch.Tensor, smoothing: float) -> torch.Tensor:
    """For one label a clip; targets are brought to a sum of one."""
    shares = targets / targets.sum(dim=1, keepdim=True).clamp_min(1e-6)
    return functional.cross_entropy(logits, shares, label_smoothing=smoothing)


def binary(logits: torch.Tensor, targets: torch.Tensor, smoothing: float) -> torch.Tensor:
    """For several labels a clip, or none."""
    return functional.binary_cross_entropy_with_logits(logits, targets * (1 - smoothing) + smoothing / 2)


def focal(logits: torch.Tensor, targets: torch.Tensor, smoothing: float) -> torch.Tensor:
    """Binary cross-entropy with easy clips weighed down, (1 - p)^2 (Lin et al., ICCV 2017)."""
    each = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    chance = torch.sigmoid(logits)
    missed = targets * (1 - chance) + (1 - targets) * chance
    return (missed**FOCUS * each).mean()


LOSSES = {"cross_entropy": cross_entropy, "bce": binary, "focal": focal}
