"""The denoising loop that the verbs share: start anywhere, keep what is known, follow several prompts.

Latents are (1, channels, height, width); one latent is 8 x 8 pixels. diffusers' own loop serves plain generation; this
one differs where verbs need it: a canvas wider than the model knows, and prompts by region.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import rescale_noise_cfg

from spectrogram.problems import UsageProblem
from spectrogram.prompts.embedding import StageEmbeddings
from spectrogram.sampling.seeds import choose_generators, seeds_of


@dataclass(frozen=True)
class Sampling:
    """How to denoise: diffusers' keywords with the base model's defaults filled in."""

    steps: int
    guidance: float
    guidance_rescale: float
    generator: torch.Generator
    seed: int | None
    negative_prompt: str = ""
    callback: Callable | None = None

    @classmethod
    def of(
        cls,
        pipeline,
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        guidance_rescale: float | None = None,
        negative_prompt: str | None = None,
        seed: int | None = None,
        generator: torch.Generator | None = None,
        callback_on_step_end: Callable | None = None,
    ) -> "Sampling":
        generator = choose_generators(seed, generator, 1)
        generator = generator[0] if isinstance(generator, list) else generator
        defaults = pipeline.defaults
        return cls(
            num_inference_steps or defaults.steps,
            defaults.guidance if guidance_scale is None else guidance_scale,
            defaults.guidance_rescale if guidance_rescale is None else guidance_rescale,
            generator,
            seeds_of(generator, 1)[0],
            negative_prompt or "",
            callback_on_step_end,
        )

    def noise(self, pipeline, shape) -> torch.Tensor:
        """Noise of that shape, drawn on the CPU so that a seed means the same everywhere."""
        drawn = torch.randn(shape, generator=self.generator, dtype=torch.float32)
        return drawn.to(pipeline._execution_device, pipeline.unet.dtype)


@dataclass
class Region:
    """A prompt, what it says at each step, and where it is followed.

    `weight` says how much each latent follows it: (width,) for times, (height, width) for bands too, None everywhere.
    """

    stages: list[StageEmbeddings]
    weight: torch.Tensor | None = None

    def at(self, step: int) -> StageEmbeddings:
        return [stage for stage in self.stages if stage.first <= step][-1]


@dataclass
class Canvas:
    """What is painted on: prompts by region, and the widest view of the model in latent columns."""

    regions: list[Region]
    sampling: Sampling
    window: int


def encode_region(pipeline, prompt: str, sampling: Sampling, weight: torch.Tensor | None = None) -> Region:
    """A region from a prompt, with the negative prompt's embedding when guidance needs one."""
    guided = sampling.guidance > 1
    return Region(pipeline.encode_stages(prompt, sampling.negative_prompt, sampling.steps, guided), weight)


def plan_steps(pipeline, sampling: Sampling, strength: float = 1.0) -> torch.Tensor:
    """The timesteps to walk: all of them at strength 1, the last `strength` share of them below."""
    if not 0 < strength <= 1:
        raise UsageProblem(f"strength is {strength}", "more than 0 and at most 1", "try 0.5")
    scheduler = pipeline.scheduler
    scheduler.set_timesteps(sampling.steps, device=pipeline._execution_device)
    first = max(0, sampling.steps - max(1, round(sampling.steps * strength))) * scheduler.order
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(first)
    return scheduler.timesteps[first:]


@torch.no_grad()
def denoise(pipeline, latents, timesteps, canvas: Canvas, keep: Callable | None = None) -> torch.Tensor:
    """Latents after all timesteps; `keep(latents, next_timestep or None)` may put back what is known after each.

    A callback that sets `pipeline._interrupt` stops after that step, as in diffusers. It is called with the number of
    the step and the timestep; a prompt's schedule counts the same steps, the first executed one being 0.
    """
    pipeline._interrupt, sampling = False, canvas.sampling
    extra = pipeline.prepare_extra_step_kwargs(sampling.generator, 0.0)
    with pipeline.progress_bar(total=len(timesteps)) as bar:
        for i, timestep in enumerate(timesteps):
            if pipeline._interrupt:
                break
            scaled = pipeline.scheduler.scale_model_input(latents, timestep)
            predicted = predict(pipeline, scaled, timestep, canvas, i)
            latents = pipeline.scheduler.step(predicted, timestep, latents, **extra, return_dict=False)[0]
            if keep is not None:
                latents = keep(latents, timesteps[i + 1] if i + 1 < len(timesteps) else None)
            if sampling.callback is not None:
                latents = sampling.callback(pipeline, i, timestep, {"latents": latents}).get("latents", latents)
            bar.update()
    return latents


def predict(pipeline, latents, timestep, canvas: Canvas, step: int = 0) -> torch.Tensor:
    """The model's prediction for the whole canvas, put together from windows and regions.

    Where windows or regions overlap, their predictions are averaged by weight (MultiDiffusion, Bar-Tal et al. 2023).
    """
    width = latents.shape[-1]
    total, weights = torch.zeros_like(latents), torch.zeros_like(latents[0, 0])
    for start, end in spans(width, canvas.window):
        for region in canvas.regions:
            weight = _taper(end - start, width).to(latents)
            if region.weight is not None:
                weight = weight * region.weight.to(latents)[..., start:end]
            if weight.any():
                view, words = latents[..., start:end], region.at(step)
                total[..., start:end] += weight * _guided(pipeline, view, timestep, words, canvas.sampling)
                weights[..., start:end] += weight
    return total / weights


def spans(width: int, window: int) -> list[tuple[int, int]]:
    """Overlapping (start, end) windows that cover the width, each half over the one before."""
    if width <= window:
        return [(0, width)]
    starts = [*range(0, width - window, window // 2), width - window]
    return [(start, start + window) for start in starts]


def _taper(length: int, width: int) -> torch.Tensor:
    """Weight of a window's columns: all equal when it is the only one, else falling towards its edges."""
    if length == width:
        return torch.ones(length)
    return torch.hann_window(length + 2, periodic=False)[1:-1]


def _guided(pipeline, latents, timestep, words: StageEmbeddings, sampling: Sampling) -> torch.Tensor:
    """Classifier-free guidance with rescaling (Ho 2022; Lin 2023), one prediction for one prompt."""
    if sampling.guidance <= 1:
        return pipeline.unet(latents, timestep, encoder_hidden_states=words.embeds, return_dict=False)[0]
    both = torch.cat([words.negative_embeds, words.embeds])
    predicted = pipeline.unet(torch.cat([latents] * 2), timestep, encoder_hidden_states=both, return_dict=False)[0]
    without, with_text = predicted.chunk(2)
    guided = without + sampling.guidance * (with_text - without)
    if sampling.guidance_rescale > 0:
        guided = rescale_noise_cfg(guided, with_text, guidance_rescale=sampling.guidance_rescale)
    return guided
