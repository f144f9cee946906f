"""Sound from a text with any Stable Diffusion 1.x: diffusers' own pipeline, then the codec.

    pipe = SpectrogramAudioPipeline.from_pretrained("base_model")
    output = pipe("rain on a tin roof", seed=7)
    output.save("rain.wav")
    quieter = pipe.transform(output, "rain on leaves", strength=0.5)

Also `DiffusionPipeline.from_pretrained(BASE, custom_pipeline="spectrogram", trust_remote_code=True)` from a checkout.
All keywords of StableDiffusionPipeline pass through.
"""

from pathlib import Path

import torch

from spectrogram.sampling.stable_diffusion import StableDiffusionPipeline  # isort: skip (first, because it is the slow one)
from spectrogram.adapters.loaded import Adapted
from spectrogram.adapters.textual_inversion import Taught
from spectrogram.params import SpectrogramParams
from spectrogram.problems import UsageProblem
from spectrogram.prompts.embedding import Prompted
from spectrogram.recipe import Recipe
from spectrogram.sampling.control import paint_controlled
from spectrogram.sampling.hearing import Hearing
from spectrogram.sampling.long import WIDEST, paint_long
from spectrogram.sampling.noise import draw_batch, varied_noise
from spectrogram.sampling.seeds import draw_seed, make_generators, seeds_of
from spectrogram.verbs.choose import Choosing
from spectrogram.verbs.methods import Verbs


class SpectrogramAudioPipeline(Adapted, Taught, Prompted, Hearing, Choosing, Verbs, StableDiffusionPipeline):
    """Stable Diffusion that returns sound: called with a text, or through one of its verbs with a sound."""

    def __call__(
        self,
        prompt: str | list[str] | None = None,
        height: int | None = None,
        width: int | None = None,
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        negative_prompt: str | list[str] | None = None,
        num_images_per_prompt: int = 1,
        generator=None,
        guidance_rescale: float | None = None,
        seed: int | None = None,
        seconds: float | None = None,
        variation_seed: int | None = None,
        variation_amount: float = 0.35,
        output_type: str = "pil",
        return_dict: bool = True,
        **others,
    ):
        """SpectrogramAudioOutput with one clip for each prompt and each of `num_images_per_prompt`.

        `seed` makes one CPU generator a clip (seed, seed + 1, …); without seed and generator one is drawn and recorded.
        `seconds` sets the width (rounded up to what the model can paint) and cuts the sound exactly; beyond twice the
        model's own length it paints in windows. Prompts may weigh words and follow schedules (`prompts.language`).
        Windows and schedules take only `callback_on_step_end` and `latents` of diffusers' further keywords.
        `variation_seed` turns the noise of `seed` by `variation_amount` (0 … 1) towards another: a relative of the same
        clip. None means the base's own default. `controlnet=` (a ControlNetModel) follows `control_image=`, a picture
        or a sound; an IP-Adapter works as in diffusers. `output_type="latent"` returns latents undecoded. Raises
        UsageProblem.
        """
        if output_type not in ("pil", "latent"):
            raise UsageProblem(f"output_type is {output_type!r}", "pil or latent", "convert the pictures afterwards")
        if isinstance(prompt, list) and isinstance(negative_prompt, str):
            negative_prompt = [negative_prompt] * len(prompt)
        count = _count(prompt, others) * num_images_per_prompt
        params = self.params_for(seconds, width, height)
        generator = self._generators(seed, generator, count)
        chosen = {
            "height": params.height,
            "width": params.width,
            "num_inference_steps": num_inference_steps or self.defaults.steps,
            "guidance_scale": self.defaults.guidance if guidance_scale is None else guidance_scale,
            "guidance_rescale": self.defaults.guidance_rescale if guidance_rescale is None else guidance_rescale,
        }
        seeds, settings = seeds_of(generator, count), {}
        if variation_seed is not None:
            settings = {"variation_seed": variation_seed, "variation_amount": variation_amount}
            others["latents"] = self._varied_noise(seeds, variation_seed, variation_amount, params.columns)
        recipes = self._recipes(prompt, negative_prompt, seeds, chosen, params, settings)
        scheduled = any(
            self.is_scheduled(text, chosen["num_inference_steps"]) for text in _texts(prompt, negative_prompt)
        )
        if output_type == "pil" and (scheduled or params.columns > WIDEST * self.params.columns):
            images = paint_long(self, recipes, generator, params, **others)
            output = self.hear(images, recipes[: len(images)], params, seconds)
            return output if return_dict else output.to_tuple()
        if self.unet.dtype != torch.float32 and others.get("latents") is None:
            noise = draw_batch(self, generator, count, params.columns)
            others["latents"] = noise.to(self._execution_device, self.unet.dtype)
        others |= {"generator": generator, "output_type": output_type}
        controlnet, control = others.pop("controlnet", None), others.pop("control_image", None)
        if controlnet is not None:
            given = (prompt, negative_prompt, chosen, num_images_per_prompt, controlnet, control, others)
            result = paint_controlled(self, *given)
        else:
            asked = {"negative_prompt": negative_prompt, "num_images_per_prompt": num_images_per_prompt}
            result = super().__call__(prompt=prompt, **asked, **chosen, **others)
        if output_type == "latent":
            return result if return_dict else result.to_tuple()
        output = self.hear(result.images, recipes, params, seconds)
        return output if return_dict else output.to_tuple()

    @property
    def model_name(self) -> str | None:
        """What recipes call the base: its name on the Hub, or of a folder only the folder's own name."""
        return _public_name(self.name_or_path)

    def run_safety_checker(self, image, device, dtype):
        """No check: it was trained on photographs and would blacken spectrograms, which is silence."""
        return image, None

    def _generators(self, seed: int | None, generator, count: int):
        if seed is not None and generator is not None:
            raise UsageProblem("both seed and generator are given", "one of them", "leave one out")
        if generator is not None:
            return generator
        return make_generators(draw_seed() if seed is None else seed, count)

    def _varied_noise(self, seeds: list[int | None], variation_seed: int, amount: float, columns: int):
        """Latents (batch, channels, height, width): each seed's noise, turned towards its own variation seed."""
        if not 0 <= amount <= 1:
            raise UsageProblem(f"the amount of variation is {amount}", "0 to 1", "try 0.3")
        if None in seeds:
            raise UsageProblem("the variation has no beginning", "a seed", "give seed=")
        pairs = [(seed, variation_seed + i) for i, seed in enumerate(seeds)]
        noise = [varied_noise(self, seed, other, amount, columns) for seed, other in pairs]
        return torch.cat(noise).to(self._execution_device, self.unet.dtype)

    def recipe(self, prompt: str, sampling, params: SpectrogramParams, verb: str, settings: dict) -> Recipe:
        """The recipe of a clip that a verb made; `sampling` is a denoising.Sampling."""
        return self._recipe(
            prompt=prompt,
            negative_prompt=sampling.negative_prompt,
            seed=sampling.seed,
            steps=sampling.steps,
            guidance=sampling.guidance,
            guidance_rescale=sampling.guidance_rescale,
            params=params,
            verb=verb,
            settings=settings,
        )

    def _recipe(self, params: SpectrogramParams, **fields) -> Recipe:
        """A recipe with what this pipeline knows of itself: model, scheduler, adapters, parameters."""
        adapters = [adapter for adapter in self._active_adapters() if adapter["scale"] != 0]
        fields["settings"] = {**fields.get("settings", {}), **self.taught_settings()}
        if len(adapters) > 1:
            fields["settings"] = {**fields["settings"], "adapter_scales": [adapter["scale"] for adapter in adapters]}
        return Recipe(
            width=params.width,
            height=params.height,
            scheduler=type(self.scheduler).__name__,
            model=self.model_name,
            adapter="+".join(adapter["name"] for adapter in adapters) or None,
            adapter_scale=adapters[0]["scale"] if adapters else None,
            params=params.to_dict(),
            **fields,
        )

    def _recipes(self, prompt, negative_prompt, seeds, chosen, params, settings: dict) -> list[Recipe]:
        prompts, negatives = _spread(prompt, len(seeds)), _spread(negative_prompt, len(seeds))
        return [
            self._recipe(
                prompt=prompts[i],
                negative_prompt=negatives[i],
                seed=seeds[i],
                steps=chosen["num_inference_steps"],
                guidance=chosen["guidance_scale"],
                guidance_rescale=chosen["guidance_rescale"],
                params=params,
                settings=_variation(settings, i),
            )
            for i in range(len(seeds))
        ]


def _texts(*prompts) -> list[str]:
    """All prompts that were given, one or a list each."""
    return [text for one in prompts if one is not None for text in ([one] if isinstance(one, str) else one)]


def _count(prompt, others: dict) -> int:
    if prompt is None:
        return len(others["prompt_embeds"]) if others.get("prompt_embeds") is not None else 1
    return 1 if isinstance(prompt, str) else len(prompt)


def _variation(settings: dict, i: int) -> dict:
    """What the recipe of clip i says of its variation; empty when there is none."""
    return settings and {**settings, "variation_seed": settings["variation_seed"] + i}


def _spread(texts: str | list[str] | None, count: int) -> list[str]:
    """One text for each clip, in the order in which diffusers repeats prompts."""
    listed = [texts or ""] if texts is None or isinstance(texts, str) else texts
    return [text for text in listed for _ in range(count // len(listed))]


def _public_name(name_or_path: str | None) -> str | None:
    """A Hub name stays; of a folder only its own name is told."""
    if not name_or_path:
        return None
    return Path(name_or_path).resolve().name if Path(name_or_path).exists() else name_or_path
