"""From one prompt to the next in even steps, with the same noise: the sounds are relatives and change by degrees."""

import torch

from spectrogram.denoising import Canvas, Region, Sampling, denoise, plan_steps
from spectrogram.latents import decode_picture
from spectrogram.noise import slerp
from spectrogram.problems import UsageProblem
from spectrogram.prompted import Spoken
from spectrogram.verbs.sources import model_columns

MOST_STEPS = 200


def morph(
    pipeline, prompts: list[str], steps: int = 5, seconds: float | None = None, end_seed: int | None = None, **settings
):
    """SpectrogramAudioOutput of `steps` clips that lead through the prompts in turn, first and last included.

    Text embeddings move on a straight line; with `end_seed` the noise also turns, on a sphere, towards that seed's.
    Prompts may weigh words but not hold schedules. When a callback interrupts, the clips so far are returned.
    """
    if len(prompts) < 2 or any(not prompt.strip() for prompt in prompts):
        raise UsageProblem(f"the prompts are {prompts!r}", "two or more, none empty", "write each of them")
    if not len(prompts) <= steps <= MOST_STEPS:
        raise UsageProblem(f"steps is {steps}", f"{len(prompts)} to {MOST_STEPS}", "choose another number")
    sampling, params = Sampling.of(pipeline, **settings), pipeline.params_for(seconds=seconds)
    stops = _encode_stops(pipeline, prompts, sampling)
    factor, channels = pipeline.vae_scale_factor, pipeline.unet.config.in_channels
    noise = sampling.noise(pipeline, (1, channels, params.height // factor, params.columns // factor))
    if end_seed is not None:
        end_noise = Sampling.of(pipeline, seed=end_seed).noise(pipeline, noise.shape)
    images, recipes = [], []
    for i in range(steps):
        share = i / (steps - 1)
        latents = noise if end_seed is None else slerp(noise, end_noise, share)
        canvas = Canvas([_between(stops, share)], sampling, model_columns(pipeline))
        timesteps = plan_steps(pipeline, sampling)
        latents = denoise(pipeline, latents * pipeline.scheduler.init_noise_sigma, timesteps, canvas)
        images.append(decode_picture(pipeline, latents))
        told = {"prompts": list(prompts), "share": share, "end_seed": end_seed}
        recipes.append(pipeline.recipe(" → ".join(prompts), sampling, params, "morph", told))
        if pipeline.interrupt:
            break
    return pipeline.hear(images, recipes, params, seconds)


def _encode_stops(pipeline, prompts: list[str], sampling: Sampling) -> list[Spoken]:
    """What each prompt says, all of one length."""
    scheduled = [prompt for prompt in prompts if pipeline.is_scheduled(prompt, sampling.steps)]
    if scheduled:
        raise UsageProblem(f"{scheduled[0]!r} changes by itself", "prompts without a schedule", "add it as a prompt")
    guided = sampling.guidance > 1
    against = [sampling.negative_prompt] * len(prompts)
    embeds, negative = pipeline.encode_prompt(list(prompts), pipeline._execution_device, 1, guided, against)
    pairs = zip(embeds, negative if guided else embeds, strict=True)
    return [Spoken(0, text[None], other[None] if guided else None) for text, other in pairs]


def _between(stops: list[Spoken], share: float) -> Region:
    """The region at `share` 0 … 1 of the way through all stops."""
    place = share * (len(stops) - 1)
    first = min(int(place), len(stops) - 2)
    before, after = stops[first], stops[first + 1]
    return Region([Spoken(0, torch.lerp(before.embeds, after.embeds, place - first), before.negative_embeds)])
