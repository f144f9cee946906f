"""A validation loss that can be compared: fixed clips, fixed noise, timesteps spread evenly.

The same seed gives the same draws in every run on every machine, so two runs differ only by what they learned.
"""

import math
from dataclasses import dataclass

import torch

from training.loop.objective import squared_errors

TIMESTEPS = 8


@dataclass(frozen=True)
class ValidationLoss:
    """Mean and standard error over clips of the unweighted squared error; one clip alone has no error."""

    loss: float
    error: float | None
    clips: int

    def to_dict(self):
        error = None if self.error is None else round(self.error, 6)
        return {"loss": round(self.loss, 6), "standard_error": error, "clips": self.clips}

    @classmethod
    def from_dict(cls, values):
        return cls(values["loss"], values["standard_error"], values["clips"])


def fixed_timesteps(train_steps, count=TIMESTEPS):
    """The middles of ``count`` equal strata of [0, train_steps)."""
    return [int((i + 0.5) * train_steps / count) for i in range(count)]


def measure(model, scheduler, cache, text, indices, seed, batch, autocast, within=lambda note, share: None,
            levels=TIMESTEPS):  # fmt: skip
    """The ValidationLoss of a model on some clips of a cache; ``text`` holds its input for each wording.

    The model's mode is restored afterwards; ``within(note, share)`` is told how far it is, 0..1. Losses of fewer
    ``levels`` of noise compare with none but their like.
    """

    device = next(model.parameters()).device
    was_training, per_clip = model.training, []
    model.eval()
    with torch.no_grad(), autocast():
        for start in range(0, len(indices), batch):
            latents, rows, heard = cache.fixed_rows(torch.as_tensor(indices[start : start + batch]))
            latents, words, heard = latents.to(device), as_input(text[rows]).to(device), heard.to(device)
            errors = torch.zeros(len(latents), device=device)
            for turn, step in enumerate(fixed_timesteps(scheduler.config.num_train_timesteps, levels)):
                noise = fixed_noise(latents.shape, seed, start, turn).to(device)
                steps = torch.full((len(latents),), step, device=device)
                within(f"noise level {turn + 1} of {levels}", (start + len(latents) * turn / levels) / len(indices))
                errors += squared_errors(model, scheduler, latents, noise, steps, words, heard) / levels
            per_clip.append(errors.cpu())
    model.train(was_training)
    values = torch.cat(per_clip).double()
    error = values.std().item() / math.sqrt(len(values)) if len(values) > 1 else None
    return ValidationLoss(values.mean().item(), error, len(values))


def fixed_noise(shape, seed, first, turn):
    """Noise of clips ``first`` … at one timestep; a clip's own does not depend on the batch it is in."""
    seeds = [(seed * 1_000_003 + clip) * TIMESTEPS + turn for clip in range(first, first + shape[0])]
    return torch.stack([torch.randn(shape[1:], generator=torch.Generator().manual_seed(s)) for s in seeds])


def as_input(text):
    """Embeddings in float32; token ids as they are."""
    return text.float() if text.is_floating_point() else text
