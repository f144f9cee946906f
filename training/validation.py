"""A validation loss that can be compared: fixed clips, fixed noise, timesteps spread evenly.

The same seed gives the same draws in every run on every machine, so two runs differ only by what they learned.
"""

import math
from dataclasses import dataclass

from .objective import squared_errors

TIMESTEPS = 8


@dataclass(frozen=True)
class ValidationLoss:
    """Mean and standard error over clips of the unweighted squared error."""

    loss: float
    error: float
    clips: int

    def to_dict(self):
        return {"loss": round(self.loss, 6), "standard_error": round(self.error, 6), "clips": self.clips}


def fixed_timesteps(train_steps, count=TIMESTEPS):
    """The middles of ``count`` equal strata of [0, train_steps)."""
    return [int((i + 0.5) * train_steps / count) for i in range(count)]


def measure(unet, scheduler, cache, indices, seed, batch, autocast):
    """The ValidationLoss of a UNet on some clips of a cache; the UNet's mode is restored afterwards."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    device = next(unet.parameters()).device
    was_training, per_clip = unet.training, []
    unet.eval()
    with torch.no_grad(), autocast():
        for start in range(0, len(indices), batch):
            latents, words = (x.to(device) for x in cache.fixed(torch.as_tensor(indices[start : start + batch])))
            errors = torch.zeros(len(latents), device=device)
            for step in fixed_timesteps(scheduler.config.num_train_timesteps):
                noise = torch.randn(latents.shape, generator=generator).to(device)
                steps = torch.full((len(latents),), step, device=device)
                errors += squared_errors(unet, scheduler, latents, noise, steps, words) / TIMESTEPS
            per_clip.append(errors.cpu())
    unet.train(was_training)
    values = torch.cat(per_clip).double()
    error = values.std().item() / math.sqrt(len(values)) if len(values) > 1 else float("inf")
    return ValidationLoss(values.mean().item(), error, len(values))
