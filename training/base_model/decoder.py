"""Phase two of the VAE: its decoder alone goes on, on slightly wrong latents, with a loss that asks for lines.

The encoder stays, so cached latents and adapters stay valid. The UNet's latents are never quite right, and a decoder
that only ever saw exact ones turns small errors into broken lines; noise on its input teaches it to mend them.
"""

import json

import numpy as np

from training.base_model.vae import BATCH, CROP_COLUMNS, measure, to_input
from training.loop.schedule import warm_flat_cosine

LATENT_COLUMNS = CROP_COLUMNS // 8
LOG_EVERY = 50


def loss(painted, x, edge_weight, line_weight):
    """Absolute errors of levels, of edges, and of the curvature along frequency, which is what makes a line a line."""
    error = painted - x
    rise = error.diff(dim=-2)
    edges = error.diff(dim=-1).abs().mean() + rise.abs().mean()
    return error.abs().mean() + edge_weight * edges + line_weight * rise.diff(dim=-2).abs().mean()


def draw(rng, pictures, encoded, noise):
    """BATCH crops: noisy scaled latents (BATCH, channels, h, LATENT_COLUMNS), pictures (BATCH, bands, CROP_COLUMNS)."""
    latents, targets = [], []
    for i in rng.integers(len(pictures), size=BATCH):
        start = rng.integers(encoded.shape[-1] - LATENT_COLUMNS + 1)
        mean, std = encoded[i, :, :, :, start : start + LATENT_COLUMNS].astype(np.float32)
        spread = np.sqrt(std**2 + rng.uniform(0, noise) ** 2)
        latents.append(mean + spread * rng.standard_normal(mean.shape, dtype=np.float32))
        targets.append(pictures[i, :, 8 * start : 8 * start + CROP_COLUMNS])
    return np.stack(latents), np.stack(targets)


def train(settings, coder, pictures, encoded, work, log, stages):
    """The VAE with a decoder that went on for ``decoder_samples`` crops; a finished one is loaded from ``work``."""
    import torch
    from diffusers import AutoencoderKL

    if not settings.decoder_samples:
        return coder
    folder = work / "decoder"
    if (folder / "config.json").exists():
        log["decoder"] = json.loads((folder / "log.json").read_text(encoding="utf-8"))
        return AutoencoderKL.from_pretrained(folder)
    before = measure(coder, pictures[:64])
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng([settings.seed, 2])
    coder.requires_grad_(False)
    learned = [*coder.decoder.parameters(), *coder.post_quant_conv.parameters()]
    for parameter in learned:
        parameter.requires_grad_(True)
    optimizer = torch.optim.AdamW(learned, lr=settings.decoder_rate, betas=(0.9, 0.99), weight_decay=1e-4)
    steps, losses = settings.decoder_samples // BATCH, {}
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = settings.decoder_rate * warm_flat_cosine(step, steps, 30, 0.4)
        latents, targets = draw(rng, pictures, encoded, settings.decoder_noise)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            painted = coder.decode(torch.from_numpy(latents) / coder.config.scaling_factor).sample
            value = loss(painted.float(), to_input(targets), settings.vae_edge_weight, settings.decoder_line_weight)
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        if step % LOG_EVERY == 0:
            losses[step] = round(value.item(), 4)
        stages.update("decoder", step + 1, steps, f"loss {value.item():.4f}")
    log["decoder"] = {"loss_by_step": losses, "before": before, "after": measure(coder, pictures[:64])}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "log.json").write_text(json.dumps(log["decoder"], indent=1) + "\n", encoding="utf-8")
    coder.save_pretrained(folder)
    return coder
