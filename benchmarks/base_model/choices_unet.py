"""Variants of the UNet: what it predicts and how wide it is, each from nothing on the base's own latents and words."""

import time
from functools import cache

from benchmarks.base_model import figures
from benchmarks.base_model.choices_vae import MINI, draw
from benchmarks.base_model.clips import Judge, class_prompts, generate
from dataset_builder.soundscapes.composer import RATE_HZ, compose
from dataset_builder.soundscapes.synthesis.catalogue import CLASSES
from spectrogram.codec import SpectrogramCodec
from training.base_model import corpus, unet
from training.base_model.settings import ScratchSettings
from training.loop.objective import squared_errors, stratified_timesteps
from training.loop.schedule import warm_flat_cosine

BATCH, RATE, SEED = 64, 1.2e-3, 300
VARIANTS = {
    "v, 48 96 144": {},
    "eps, 48 96 144": {"predicts": "epsilon"},
    "flow, 48 96 144": {"predicts": "flow_prediction"},
    "v, 32 64 96": {"widths": (32, 64, 96)},
    "v, 64 128 192": {"widths": (64, 128, 192)},
}


@cache
def material(clips):
    """The base's pipeline and its latents and wordings of composed clips with one or two sounds."""
    import numpy as np

    from spectrogram.models import load_pipeline

    pipeline, codec = load_pipeline(), SpectrogramCodec(MINI)
    scapes = [compose(1, index) for index in range(clips)]
    pictures = np.stack([draw(codec, scape.audio, RATE_HZ)[..., 0] for scape in scapes])
    encoded = unet.encode_corpus(pipeline.vae, pictures)
    return pipeline, unet.Corpus(encoded, [corpus.row_of(scape) for scape in scapes], pipeline.tokenizer)


def scheduler_of(predicts):
    """(scheduler that adds noise in training, or None for a straight flow; scheduler that generates in 20 steps)."""
    from diffusers import DDIMScheduler, DPMSolverMultistepScheduler

    if predicts == "flow_prediction":
        return None, DPMSolverMultistepScheduler(prediction_type=predicts, use_flow_sigmas=True)
    # With a terminal SNR of zero eps says nothing of the picture, so it gets Stable Diffusion's own schedule.
    zero = {} if predicts == "v_prediction" else {"rescale_betas_zero_snr": False}
    both = DDIMScheduler(**unet.SCHEDULER | zero, prediction_type=predicts)
    return both, both


def flow_errors(model, latents, noise, timesteps, words):
    """Errors of the velocity of the straight way from the clip to the noise (rectified flow, Liu et al. 2022)."""
    far = (timesteps.float() / 1000)[:, None, None, None]
    predicted = model((1 - far) * latents + far * noise, timesteps, encoder_hidden_states=words).sample
    return (predicted.float() - (noise - latents)).pow(2).mean(dim=(1, 2, 3))


def learn(model, scheduler, pipeline, drawn, seconds):
    """Train for CPU seconds and leave the averaged weights; returns the number of clips that were seen."""
    import numpy as np
    import torch
    from diffusers.training_utils import EMAModel

    from training.fast_cpu import attention

    attention.choose(model, "cpu")
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.99), weight_decay=0.01)
    ema = EMAModel(model.parameters(), decay=0.99, use_ema_warmup=True, power=0.75)
    generator, rng = torch.Generator().manual_seed(1), np.random.default_rng(1)
    began, steps, share = time.process_time(), 0, 0.0
    while share < 1:
        rate = warm_flat_cosine(share, 1.0, 0.0, 0.6) if steps > 60 else (steps + 1) / 60
        optimizer.param_groups[0]["lr"] = RATE * rate
        latents, ids = drawn.draw(rng, BATCH, 0.1)
        noise = torch.randn(latents.shape, generator=generator)
        timesteps = stratified_timesteps(BATCH, 1000, generator)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            with torch.no_grad():
                words = pipeline.text_encoder(ids).last_hidden_state
            if scheduler is None:
                value = flow_errors(model, latents, noise, timesteps, words).mean()
            else:
                value = squared_errors(model, scheduler, latents, noise, timesteps, words).mean()
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        ema.step(model.parameters())
        steps, share = steps + 1, (time.process_time() - began) / seconds
    ema.copy_to(model.parameters())
    return steps * BATCH


def measure(variant, seconds, clips):
    """Share of clips heard as their class, mean length of tonal lines in seconds, clips seen in training."""
    import torch

    pipeline, drawn = material(clips)
    torch.manual_seed(1)
    settings = ScratchSettings(unet_widths=variant.get("widths", ScratchSettings.unet_widths))
    noising, painting = scheduler_of(variant.get("predicts", "v_prediction"))
    model = unet.build(settings, MINI.height // 8, MINI.columns // 8, pipeline.vae.config.latent_channels)
    seen = learn(model, noising, pipeline, drawn, seconds)
    pipeline.register_modules(unet=model.eval(), scheduler=painting)
    made = class_prompts(CLASSES, 1)
    began = time.process_time()
    generate(pipeline, made, SEED)
    cost = (time.process_time() - began) / len(made)
    lines = figures.ridge_seconds(made, MINI.step_ms / 1000)[0]
    return {
        "accuracy": round(figures.accuracy(Judge(), made), 3), "lines_s": round(lines, 2), "seen": seen,
        "cpu_s_a_clip": round(cost, 2),
    }  # fmt: skip
