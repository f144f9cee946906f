"""The base model's VAE: eight pixels a side become one latent with four channels.

Trained on crops of spectrograms with an absolute error plus the error of the picture's edges, because a plain
error is content with blur, and blur is what makes tonal lines sing falsely.
"""

from pathlib import Path

import numpy as np

from training.loop.schedule import warm_flat_cosine

CROP_COLUMNS = 128
BATCH = 16


def build(settings):
    """An untrained AutoencoderKL of Stable Diffusion's shape, factor 8."""
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=settings.vae_widths,
        layers_per_block=1,
        norm_num_groups=8,
        mid_block_add_attention=False,
        latent_channels=4,
        sample_size=256,
    )


def to_input(pictures):
    """uint8 (n, bands, columns) -> float tensor (n, 3, bands, columns) in [-1, 1]."""
    import torch

    x = torch.from_numpy(np.ascontiguousarray(pictures)).float().div_(127.5).sub_(1)
    return x[:, None].expand(-1, 3, -1, -1)


def loss(vae, x, edge_weight):
    """Absolute error, error of the time and frequency differences, and a faint KL that keeps latents near unit size."""
    posterior = vae.encode(x).latent_dist
    error = vae.decode(posterior.sample()).sample - x
    edges = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    return error.abs().mean() + edge_weight * edges + 1e-6 * posterior.kl().mean()


def crops(rng, pictures, batch=BATCH, chances=None):
    """Random windows of CROP_COLUMNS columns, shape (batch, bands, CROP_COLUMNS); ``chances`` of each picture."""
    chosen = rng.choice(len(pictures), size=batch, p=chances)
    starts = rng.integers(pictures.shape[2] - CROP_COLUMNS + 1, size=batch)
    return np.stack([pictures[i, :, s : s + CROP_COLUMNS] for i, s in zip(chosen, starts, strict=True)])


def train(settings, pictures, folder, progress=lambda done, total, value: None):
    """Train a VAE on pictures and save it under ``folder``; a finished one is loaded instead."""
    import torch
    from diffusers import AutoencoderKL

    folder = Path(folder)
    if (folder / "config.json").exists():
        return AutoencoderKL.from_pretrained(folder)
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    vae = build(settings)
    optimizer = torch.optim.AdamW(vae.parameters(), lr=settings.vae_rate, betas=(0.9, 0.99), weight_decay=1e-4)
    steps = settings.vae_samples // BATCH
    for step in range(steps):
        share = warm_flat_cosine(step, steps, 50, 0.5)
        optimizer.param_groups[0]["lr"] = settings.vae_rate * share
        with torch.autocast("cpu", dtype=torch.bfloat16):
            value = loss(vae, to_input(crops(rng, pictures)), settings.vae_edge_weight)
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimizer.step()
        progress(step + 1, steps, value.item())
    _set_scale(vae, pictures, rng)
    vae.save_pretrained(folder)
    return vae


def _set_scale(vae, pictures, rng):
    """Choose the scaling factor that gives latents a standard deviation of one, measured on 256 pictures."""
    import torch

    with torch.no_grad():
        chosen = pictures[rng.choice(len(pictures), min(256, len(pictures)), replace=False)]
        latents = torch.cat(
            [vae.encode(to_input(chosen[i : i + 16])).latent_dist.mean for i in range(0, len(chosen), 16)]
        )
    vae.register_to_config(scaling_factor=round(1 / latents.std().item(), 5))


def measure(vae, pictures):
    """Reconstruction of whole pictures: PSNR in dB of 8-bit levels; deviation of the scaled latents (1 is right)."""
    import torch

    with torch.no_grad():
        x = to_input(pictures)
        latents = vae.encode(x).latent_dist.mean
        error = (vae.decode(latents).sample.clamp(-1, 1) - x).mul(127.5)
    psnr_db = 20 * np.log10(255 / error.pow(2).mean().sqrt().item())
    deviation = (latents.std() * vae.config.scaling_factor).item()
    return {"psnr_db": round(float(psnr_db), 2), "latent_std": round(deviation, 3)}
