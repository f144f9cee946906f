"""Clips longer than the model's own picture, or whose prompt changes on the way: painted by the verbs' own loop.

Windows of the model's own width are denoised together, so memory hardly grows with the length.
"""

import torch
import torch.nn.functional as F

from spectrogram.params import SpectrogramParams
from spectrogram.problems import UsageProblem
from spectrogram.recipe import Recipe
from spectrogram.sampling.denoising import Canvas, Sampling, denoise, encode_region, plan_steps
from spectrogram.sampling.latents import decode_picture
from spectrogram.sampling.sources import model_columns

# Beyond this many times its own width a model loses the thread when it paints in one piece.
WIDEST = 2.0
UNDERSTOOD = ("callback_on_step_end", "latents")


def paint_long(pipeline, recipes: list[Recipe], generators, params: SpectrogramParams, **others) -> list:
    """One picture a recipe, fewer when a callback interrupts; `latents` is the noise (clips, channels, height, width).

    Memory does not grow with the length: a window is denoised and decoded at a time. Raises UsageProblem for keywords
    that only diffusers' own loop understands.
    """
    unknown = sorted(set(others) - set(UNDERSTOOD))
    if unknown:
        raise UsageProblem(
            f"{', '.join(unknown)} cannot be used for long clips and prompt schedules",
            f"some of {', '.join(UNDERSTOOD)}",
            f"stay within {WIDEST * pipeline.params.clip_seconds:g} s and leave the schedule out",
        )
    factor, channels = pipeline.vae_scale_factor, pipeline.unet.config.in_channels
    shape = (1, channels, params.height // factor, params.columns // factor)
    listed = generators if isinstance(generators, list) else [generators] * len(recipes)
    images, latents = [], others.get("latents")
    for i, (recipe, generator) in enumerate(zip(recipes, listed, strict=True)):
        how = (recipe.steps, recipe.guidance, recipe.guidance_rescale, generator, recipe.seed, recipe.negative_prompt)
        sampling = Sampling(*how, others.get("callback_on_step_end"))
        canvas = Canvas([encode_region(pipeline, recipe.prompt, sampling)], sampling, model_columns(pipeline))
        noise = balanced(sampling.noise(pipeline, shape), canvas.window) if latents is None else latents[i : i + 1]
        noise = noise * pipeline.scheduler.init_noise_sigma
        images.append(decode_picture(pipeline, denoise(pipeline, noise, plan_steps(pipeline, sampling), canvas)))
        if pipeline.interrupt:
            break
    return images


def balanced(noise: torch.Tensor, window: int) -> torch.Tensor:
    """The noise (1, channels, height, width) with the same mean over time in every window.

    The mean over a window decides how loud each band becomes; drawn anew, it lets bands jump between windows.
    """
    if noise.shape[-1] <= window:
        return noise
    before = window // 2
    padded = F.pad(noise, (before, window - 1 - before, 0, 0), mode="reflect")
    slow = F.avg_pool2d(padded, (1, window), stride=1)
    return noise - slow + slow[..., before : before + 1]
