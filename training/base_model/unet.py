"""The base model's UNet and text encoder, trained together on cached latents."""

from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from diffusers.training_utils import EMAModel

from training.base_model import text
from training.base_model.resumable import Resumable
from training.base_model.vae import to_input
from training.fast_cpu import attention
from training.loop.objective import squared_errors, stratified_timesteps
from training.loop.schedule import warm_flat_cosine

SCHEDULER = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "clip_sample": False,
    "set_alpha_to_one": False,
    "steps_offset": 1,
    "rescale_betas_zero_snr": True,
    "timestep_spacing": "trailing",
}


def build(settings, height, width):
    """An untrained UNet without attention at the top level, where it would cost half of a step."""
    return UNet2DConditionModel(
        # One number, which every pipeline of diffusers compares; the width is that of spectrogram.json.
        sample_size=height,
        in_channels=settings.vae_channels,
        out_channels=settings.vae_channels,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=settings.unet_widths,
        layers_per_block=settings.unet_layers,
        cross_attention_dim=settings.text_width,
        attention_head_dim=settings.unet_heads,
        norm_num_groups=16,
    )


def build_scheduler(settings):
    return DDIMScheduler(**SCHEDULER, prediction_type=settings.prediction)


def encode_corpus(vae, pictures, batch=32, progress=lambda done: None):
    """Scaled latents, float16 (clips, channels, height, width)."""
    encoded = []
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        for start in range(0, len(pictures), batch):
            mean = vae.encode(to_input(pictures[start : start + batch])).latent_dist.mean
            encoded.append((mean * vae.config.scaling_factor).half().numpy())
            progress(min(start + batch, len(pictures)))
    return np.concatenate(encoded)


class Corpus:
    """Latents and tokenised wordings; every draw is new (wording, roll in time of steady sounds).

    ``shares``: how much of the draws each ``row["group"]`` gets, whatever its number; None draws every clip alike.
    A row with a ``twin`` (the distance to its number) brings that along.
    """

    def __init__(self, encoded, rows, tokenizer, shares=None):
        self.encoded, self.rows = encoded, rows
        self.chances = None
        if shares is not None:
            groups = np.array([row["group"] for row in rows])
            sizes = {name: (groups == name).sum() for name in set(groups)}
            parts = np.array([shares[row["group"]] / sizes[row["group"]] / (2 if "twin" in row else 1) for row in rows])
            self.chances = parts / parts.sum()
        self.tokens = [text.tokenize(tokenizer, row["captions"]) for row in rows]
        self.empty = text.tokenize(tokenizer, [""])[0]

    def _choose(self, rng, batch):
        if self.chances is None:
            return rng.integers(len(self.rows), size=batch)
        chosen = []
        for i in rng.choice(len(self.rows), size=batch, p=self.chances):
            twin = self.rows[i].get("twin")
            chosen += [i] if twin is None else [i, i + twin]
        return chosen[:batch]

    def draw(self, rng, batch, dropout):
        """(latents (batch, channels, h, w) float32, token ids (batch, length))."""
        latents, ids = [], []
        for i in self._choose(rng, batch):
            sample = self.encoded[i].astype(np.float32)
            if self.rows[i]["steady"]:
                sample = np.roll(sample, rng.integers(sample.shape[2]), axis=2)
            latents.append(sample)
            wordings = self.tokens[i]
            ids.append(self.empty if rng.random() < dropout else wordings[rng.integers(len(wordings))])
        return torch.from_numpy(np.stack(latents)), torch.stack(ids)


class Run(Resumable):
    """UNet, text encoder, optimizer and EMA of one training run.

    For ``text_share`` of the run the text encoder learns; what is aligned with it is valid from then on. With 1 it is
    averaged like the UNet; with less it learns at half the rate, down to none, and is exported as it then is.
    """

    PARTS = ("unet", "encoder", "optimizer", "ema")

    def __init__(self, settings, unet, encoder, scheduler, folder):
        self.settings, self.unet, self.encoder, self.scheduler = settings, unet, encoder, scheduler
        text_share = settings.text_share
        attention.choose(unet, "cpu")
        encoder.set_attn_implementation("eager")
        encoder.requires_grad_(text_share > 0)
        self.parameters, self.words = [*unet.parameters()], [*encoder.parameters()] if text_share else []
        groups = [{"params": self.parameters}, {"params": self.words}] if 0 < text_share < 1 else self.parameters
        if text_share == 1:
            groups = self.parameters = self.parameters + self.words
        self.optimizer = torch.optim.AdamW(groups, lr=settings.rate, betas=(0.9, 0.99), weight_decay=0.01)
        self.ema = EMAModel(self.parameters, decay=settings.ema_decay, use_ema_warmup=True, power=0.75)
        self.path, self.step = Path(folder) / "state.pt", 0
        self.steps = settings.samples // settings.batch
        self.text_steps = round(text_share * self.steps)

    def _set_rates(self):
        settings, groups = self.settings, self.optimizer.param_groups
        share = warm_flat_cosine(self.step, self.steps, settings.warmup_steps, settings.flat_share)
        groups[0]["lr"] = settings.rate * share
        if len(groups) > 1:
            share = warm_flat_cosine(self.step, self.text_steps, settings.warmup_steps, settings.flat_share)
            groups[1]["lr"] = settings.rate * share / 2 if self.step < self.text_steps else 0.0

    def advance(self, latents, ids, generator):
        """One optimizer step; returns the mean squared error."""
        self._set_rates()
        if self.step == self.text_steps:
            self.encoder.requires_grad_(False)
        noise = torch.randn(latents.shape, generator=generator)
        timesteps = stratified_timesteps(len(latents), self.scheduler.config.num_train_timesteps, generator)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            words = self.encoder(ids).last_hidden_state
            value = squared_errors(self.unet, self.scheduler, latents, noise, timesteps, words).mean()
        self.optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_([p for p in (*self.parameters, *self.words) if p.grad is not None], 1.0)
        self.optimizer.step()
        self.ema.step(self.parameters)
        self.step += 1
        return value.item()

    def restore(self):
        """Continue from the last save, if there is one."""
        super().restore()
        self.encoder.requires_grad_(self.step < self.text_steps)

    def averaged(self):
        """Copy the averaged weights into the models, for export; training may not go on after it."""
        self.ema.copy_to(self.parameters)


def mix(painter, other, share):
    """Move the weights of a UNet towards those of another of its shape, by ``share`` of the way."""
    with torch.no_grad():
        for own, theirs in zip(painter.parameters(), other.parameters(), strict=True):
            own.lerp_(theirs, share)


def train(run, corpus, save_every=200, progress=lambda done, total, value: None):
    """Train until the recipe's samples are seen; draws depend on seed and step alone, so a resumed run draws alike."""
    run.restore()
    settings = run.settings
    while run.step < run.steps:
        rng = np.random.default_rng([settings.seed, run.step])
        generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + run.step)
        value = run.advance(*corpus.draw(rng, settings.batch, settings.caption_dropout), generator)
        progress(run.step, run.steps, value)
        if run.step % save_every == 0 or run.step == run.steps:
            run.save()
