"""The base model's VAE: eight pixels a side become one latent.

Errors count as far as a pixel can be heard, at the picture's edges and in averages over bands and columns too, because
a plain error is content with blur, and blur is what makes lines sing falsely and beats melt. How grainy each patch is
counts beside them: grain that is drawn wrongly still sounds like rain, none at all like a chord. The latents are means
without any width: a UNet that must paint noise learns slowly what lies beside it. The decoder sees them slightly wrong,
as a UNet's are.
"""

import json
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch.nn.functional import avg_pool2d

from spectrogram.files import json_file
from training.base_model.resumable import Resumable
from training.loop.schedule import warm_flat_cosine

CROP_COLUMNS = 128
LOG_EVERY, SAVE_EVERY = 100, 500
MEASURED = 64  # pictures that the VAE does not learn from
RANGE_DB, HEARD_DB = 120, 60
GRAIN, LEAST_GRAIN = 8, 3e-4
NO_WIDTH = -30  # log variance, where AutoencoderKL's posterior ends


def build(settings):
    """An untrained AutoencoderKL of Stable Diffusion's shape, factor 8, whose posterior has no width."""
    vae = AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=settings.vae_widths,
        layers_per_block=1,
        norm_num_groups=8,
        mid_block_add_attention=False,
        latent_channels=settings.vae_channels,
        sample_size=256,
    )
    with torch.no_grad():
        vae.quant_conv.weight[settings.vae_channels :] = 0
        vae.quant_conv.bias[settings.vae_channels :] = NO_WIDTH
    return vae


def to_input(pictures):
    """uint8 (n, bands, columns) -> float tensor (n, 3, bands, columns) in [-1, 1]."""
    x = torch.from_numpy(np.ascontiguousarray(pictures)).float().div_(127.5).sub_(1)
    return x[:, None].expand(-1, 3, -1, -1)


def audible(painted, x):
    """Weight of every pixel: 2.1 at the loudest of each crop, falling to .1 at 60 dB below it, in ``x`` or painted."""
    loud = torch.maximum(x, painted.detach()).amax(dim=1, keepdim=True)
    below = (loud - loud.amax(dim=(2, 3), keepdim=True)) * RANGE_DB / 2 / HEARD_DB
    return 0.1 + 2 * (1 + below).clamp(0, 1)


def errors(painted, x, settings):
    """Absolute errors of levels and edges, in pixels and in averages over bands (beats) and over columns (lines)."""
    weight = audible(painted, x)
    error = (painted - x) * weight
    edges = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    value = error.abs().mean() + settings.vae_edge_weight * edges
    for size, stride, along in (((8, 1), (4, 1), -1), ((1, 8), (1, 4), -2)):
        pooled = avg_pool2d(error, size, stride)
        value = value + pooled.abs().mean() + pooled.diff(dim=along).abs().mean()
    return value + settings.vae_grain_weight * grain_error(painted[:, :1], x[:, :1], weight)


def second_differences(x):
    """Over time, over frequency, and crosswise: (n, 3, rows - 2, columns - 2) of (n, 1, rows, columns)."""
    here, across = 2 * x[..., 1:-1, 1:-1], x[..., :-2, :-2] + x[..., 2:, 2:] - x[..., :-2, 2:] - x[..., 2:, :-2]
    over_time = x[..., 1:-1, :-2] - here + x[..., 1:-1, 2:]
    over_bands = x[..., :-2, 1:-1] - here + x[..., 2:, 1:-1]
    return torch.cat([over_time, over_bands, across], dim=1)


def grain_error(painted, x, weight):
    """How far, in logarithms, the RMS of second differences in patches of GRAIN pixels is from the picture's."""
    grains = [
        0.5 * (avg_pool2d(second_differences(one) ** 2, GRAIN, GRAIN // 2) + LEAST_GRAIN).log() for one in (painted, x)
    ]
    return ((grains[0] - grains[1]).abs() * avg_pool2d(weight[..., 1:-1, 1:-1], GRAIN, GRAIN // 2)).mean()


def loss(vae, x, settings, generator):
    """The decoder's errors from latents with noise of up to ``vae_noise`` of their size, which is held near 1."""
    mean = vae.encode(x).latent_dist.mean.float()
    scale = vae.config.scaling_factor
    noise = torch.randn(mean.shape, generator=generator) * torch.rand((len(x), 1, 1, 1), generator=generator)
    painted = vae.decode(mean + noise * settings.vae_noise / scale).sample.float()
    size = (mean.pow(2).mean((0, 2, 3)) * scale**2 - 1).pow(2).mean()
    return errors(painted, x, settings) + 0.01 * size


def crops(rng, pictures, batch):
    """Random windows of CROP_COLUMNS columns, shape (batch, bands, CROP_COLUMNS)."""
    chosen = rng.choice(len(pictures), size=batch)
    starts = rng.integers(pictures.shape[2] - CROP_COLUMNS + 1, size=batch)
    return np.stack([pictures[i, :, s : s + CROP_COLUMNS] for i, s in zip(chosen, starts, strict=True)])


class Run(Resumable):
    """A VAE in training and its optimizer."""

    NUMBERS, PARTS = ("step", "losses"), ("vae", "optimizer")

    def __init__(self, settings, vae, folder):
        self.settings, self.path, self.step, self.losses = settings, folder / "state.pt", 0, {}
        self.vae = vae.requires_grad_(True)
        self.optimizer = torch.optim.AdamW(vae.parameters(), lr=settings.vae_rate, betas=(0.9, 0.99), weight_decay=1e-4)
        self.steps = settings.vae_samples // settings.vae_batch

    def advance(self, pictures):
        """One optimizer step on a batch of crops; draws depend on seed and step alone. Returns the loss."""
        settings = self.settings
        rng = np.random.default_rng([settings.seed, 4, self.step])
        generator = torch.Generator().manual_seed(settings.seed * 1_000_033 + self.step)
        share = warm_flat_cosine(self.step, self.steps, 50, 0.5)
        self.optimizer.param_groups[0]["lr"] = settings.vae_rate * share
        x = to_input(crops(rng, pictures, settings.vae_batch))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            value = loss(self.vae, x, settings, generator)
        self.optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(self.vae.parameters(), 1.0)
        self.optimizer.step()
        if self.step % LOG_EVERY == 0:
            self.losses[str(self.step)] = round(value.item(), 4)
        self.step += 1
        return value.item()


def train(settings, start, pictures, folder, stages):
    """(VAE, its losses and measures) after ``vae_samples`` crops of the pictures, from ``start`` or from nothing.

    An interrupted training goes on, a finished one is loaded from ``folder``. The last MEASURED pictures are left for
    the measure. What ``start`` scales its latents by stays, as a UNet may already paint them.
    """
    folder = Path(folder)
    if (folder / "config.json").exists():
        return AutoencoderKL.from_pretrained(folder), json.loads((folder / "log.json").read_text(encoding="utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(settings.seed)
    run = Run(settings, build(settings) if start is None else start, folder)
    before = measure(run.vae, pictures[-MEASURED:])
    run.restore()
    while run.step < run.steps:
        value = run.advance(pictures[:-MEASURED])
        stages.update("vae", run.step, run.steps, f"loss {value:.4f}")
        if run.step % SAVE_EVERY == 0 or run.step == run.steps:
            run.save()
    if start is None:
        set_scale(run.vae, pictures[-MEASURED:])
    log = {"loss_by_step": run.losses, "before": before, "after": measure(run.vae, pictures[-MEASURED:])}
    json_file.write(folder / "log.json", log)
    run.vae.save_pretrained(folder)
    return run.vae, log


def set_scale(vae, pictures):
    """Choose the scaling factor that gives the latents of the pictures a standard deviation of one."""
    with torch.no_grad():
        latents = torch.cat(
            [vae.encode(to_input(pictures[i : i + 16])).latent_dist.mean for i in range(0, len(pictures), 16)]
        )
    vae.register_to_config(scaling_factor=round(1 / latents.std().item(), 5))


def measure(vae, pictures):
    """Reconstruction of whole pictures: PSNR in dB of 8-bit levels; deviation of the scaled latents (1 is right)."""
    with torch.no_grad():
        x = to_input(pictures)
        latents = vae.encode(x).latent_dist.mean
        error = (vae.decode(latents).sample.clamp(-1, 1) - x).mul(127.5)
    psnr_db = 20 * np.log10(255 / error.pow(2).mean().sqrt().item())
    deviation = (latents.std() * vae.config.scaling_factor).item()
    return {"psnr_db": round(float(psnr_db), 2), "latent_std": round(deviation, 3)}
