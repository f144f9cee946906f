"""Clips longer than the model's own picture: windows of its own width, denoised together."""

from spectrogram.denoising import Canvas, Sampling, denoise, encode_region, plan_steps
from spectrogram.latents import decode_picture
from spectrogram.params import SpectrogramParams
from spectrogram.recipe import Recipe
from spectrogram.verbs.sources import model_columns

# Beyond this many times its own width a model loses the thread when it paints in one piece.
WIDEST = 2.0


def paint_long(pipeline, recipes: list[Recipe], generators, params: SpectrogramParams, callback=None) -> list:
    """One picture a recipe. Memory does not grow with the length: a window is denoised and decoded at a time."""
    factor, channels = pipeline.vae_scale_factor, pipeline.unet.config.in_channels
    shape = (1, channels, params.height // factor, params.columns // factor)
    listed = generators if isinstance(generators, list) else [generators] * len(recipes)
    images = []
    for recipe, generator in zip(recipes, listed, strict=True):
        how = (recipe.steps, recipe.guidance, recipe.guidance_rescale, generator, recipe.seed, recipe.negative_prompt)
        sampling = Sampling(*how, callback)
        canvas = Canvas([encode_region(pipeline, recipe.prompt, sampling)], sampling, model_columns(pipeline))
        noise = sampling.noise(pipeline, shape) * pipeline.scheduler.init_noise_sigma
        images.append(decode_picture(pipeline, denoise(pipeline, noise, plan_steps(pipeline, sampling), canvas)))
    return images
