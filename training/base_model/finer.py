"""The VAE with more latent channels, encoder and decoder together: the new channels learn what the old ones lose.

At eight pixels a side, four channels hold 160 ms of sound in too little: beeps that are 60 ms apart melt into a line.
The old channels are held near what they were, so that a UNet that paints them need not begin anew.
"""

import json

import numpy as np

from training.base_model import decoder
from training.base_model.growing import grow_vae
from training.base_model.resumable import Resumable
from training.base_model.vae import crops, measure, to_input
from training.loop.schedule import warm_flat_cosine

SAVE_EVERY = 250
RANGE_DB, HEARD_DB = 120, 60


def audible(painted, x):
    """Weight of every pixel: 2.1 at the loudest of each crop, falling to .1 at 60 dB below it, in ``x`` or painted."""
    import torch

    loud = torch.maximum(x, painted.detach()).amax(dim=1, keepdim=True)
    below = (loud - loud.amax(dim=(2, 3), keepdim=True)) * RANGE_DB / 2 / HEARD_DB
    return 0.1 + 2 * (1 + below).clamp(0, 1)


def errors(painted, x, settings):
    """Errors of levels, edges and curvature (see ``decoder``), weighed by how audible a pixel is.

    Levels and edges count again in averages over bands (beats stand out of noise there) and columns (lines do).
    """
    from torch.nn.functional import avg_pool2d

    error = (painted - x) * audible(painted, x)
    value = decoder.loss(error, 0, settings.vae_edge_weight, settings.decoder_line_weight)
    for size, stride, along in (((8, 1), (4, 1), -1), ((1, 8), (1, 4), -2)):
        pooled = avg_pool2d(error, size, stride)
        value = value + settings.fourth_pooled * (pooled.abs().mean() + pooled.diff(dim=along).abs().mean())
    return value


def loss(grown, old, x, settings, generator):
    """The decoder's errors, drawn from noisy latents; old channels near the old ones; new ones of the same size."""
    import torch

    posterior = grown.encode(x).latent_dist
    mean, channels = posterior.mean.float(), old.config.latent_channels
    with torch.no_grad():
        before = old.encode(x).latent_dist.mean.float()
    drawn = torch.randn(mean.shape, generator=generator)
    noise = settings.fourth_noise / old.config.scaling_factor
    noise = noise * torch.rand((len(x), 1, 1, 1), generator=generator)
    painted = grown.decode(mean + drawn * (posterior.var.float() + noise**2).sqrt()).sample.float()
    held = (mean[:, :channels] - before).abs().mean()
    size = (mean[:, channels:].pow(2).mean((0, 2, 3)) * old.config.scaling_factor**2 - 1).pow(2).mean()
    return errors(painted, x, settings) + settings.fourth_hold * held + 0.01 * size + 1e-6 * posterior.kl().mean()


def chances_of(rows, fast_drawn):
    """How likely each clip is drawn: those that are fast share ``fast_drawn``, or all are alike without any."""
    fast = np.array([any(["pace", "fast"] in said for said in row["attributes"]) for row in rows])
    if not fast.any():
        return None
    return np.where(fast, fast_drawn / fast.sum(), (1 - fast_drawn) / (~fast).sum())


class Run(Resumable):
    """Grown VAE and optimizer."""

    NUMBERS, PARTS = ("step", "losses"), ("grown", "optimizer")

    def __init__(self, settings, old, folder, chances=None):
        import torch

        self.settings, self.old, self.path, self.step = settings, old.requires_grad_(False), folder / "state.pt", 0
        torch.manual_seed(settings.seed)
        self.grown = grow_vae(old, settings.fourth_channels).requires_grad_(True)
        self.optimizer = torch.optim.AdamW(
            self.grown.parameters(), lr=settings.fourth_vae_rate, betas=(0.9, 0.99), weight_decay=1e-4
        )
        self.chances = chances
        self.steps, self.losses = settings.fourth_vae_samples // settings.fourth_vae_batch, {}

    def advance(self, pictures):
        """One optimizer step on a batch of crops; draws depend on seed and step alone. Returns the loss."""
        import torch

        rng = np.random.default_rng([self.settings.seed, 4, self.step])
        generator = torch.Generator().manual_seed(self.settings.seed * 1_000_033 + self.step)
        share = warm_flat_cosine(self.step, self.steps, 50, 0.5)
        self.optimizer.param_groups[0]["lr"] = self.settings.fourth_vae_rate * share
        x = to_input(crops(rng, pictures, self.settings.fourth_vae_batch, self.chances))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            value = loss(self.grown, self.old, x, self.settings, generator)
        self.optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(self.grown.parameters(), 1.0)
        self.optimizer.step()
        if self.step % decoder.LOG_EVERY == 0:
            self.losses[str(self.step)] = round(value.item(), 4)
        self.step += 1
        return value.item()


def train(settings, old, pictures, rows, folder, log, stages):
    """The grown VAE after ``fourth_vae_samples`` crops; an interrupted training goes on, a finished one is loaded.

    ``log["vae"]`` gets its losses and measures.
    """
    from diffusers import AutoencoderKL

    if (folder / "config.json").exists():
        log["vae"] = json.loads((folder / "log.json").read_text(encoding="utf-8"))
        return AutoencoderKL.from_pretrained(folder)
    folder.mkdir(parents=True, exist_ok=True)
    run = Run(settings, old, folder, chances_of(rows, settings.fourth_fast_drawn))
    run.restore()
    while run.step < run.steps:
        value = run.advance(pictures)
        stages.update("vae, finer", run.step, run.steps, f"loss {value:.4f}")
        if run.step % SAVE_EVERY == 0 or run.step == run.steps:
            run.save()
    log["vae"] = {
        "loss_by_step": run.losses, "before": measure(old, pictures[:64]), "after": measure(run.grown, pictures[:64]),
    }  # fmt: skip
    (folder / "log.json").write_text(json.dumps(log["vae"], indent=1) + "\n", encoding="utf-8")
    run.grown.save_pretrained(folder)
    return run.grown
