"""Sound from a text with any Stable Diffusion 1.x: diffusers' own pipeline, then the codec.

    pipe = SpectrogramAudioPipeline.from_pretrained("base_model")
    output = pipe("rain on a tin roof", seed=7)
    output.save("rain.wav")

Also `DiffusionPipeline.from_pretrained(BASE, custom_pipeline="spectrogram", trust_remote_code=True)` from a checkout.
All keywords of StableDiffusionPipeline pass through.
"""

import math
from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusionPipeline

from spectrogram.adapters import check_adapter
from spectrogram.codec import SpectrogramCodec
from spectrogram.models import GENERATION_FILE, GenerationDefaults, read_beside
from spectrogram.noise import varied_noise
from spectrogram.output import SpectrogramAudioOutput
from spectrogram.params import KEY as PARAMS_KEY
from spectrogram.params import MODEL_FILE, SpectrogramParams
from spectrogram.problems import UsageProblem
from spectrogram.recipe import KEY as RECIPE_KEY
from spectrogram.recipe import Recipe
from spectrogram.seeds import draw_seed, make_generators, seeds_of

# Pictures whose size says how they are to be heard, when neither adapter nor model does.
SIZES = {(512, 512): "sd15", (256, 128): "mini"}


class SpectrogramAudioPipeline(StableDiffusionPipeline):
    """Stable Diffusion that returns sound; `params` says how pictures are heard, `defaults` how the base is sampled."""

    _params: SpectrogramParams | None = None
    _defaults: GenerationDefaults | None = None
    # Name, params and scale of each loaded adapter; replaced, never changed, because it belongs to the class at first.
    _adapters: dict[str, dict] = {}  # noqa: RUF012 - see above

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
        `seconds` sets the width (rounded up to what the model can paint) and cuts the sound exactly. `variation_seed`
        turns the noise of `seed` by `variation_amount` (0 … 1) towards another: a relative of the same clip. None means
        the base's own default. `output_type="latent"` returns diffusers' latents undecoded. Raises UsageProblem.
        """
        if output_type not in ("pil", "latent"):
            raise UsageProblem(f"output_type is {output_type!r}", "pil or latent", "convert the pictures afterwards")
        if isinstance(prompt, list) and isinstance(negative_prompt, str):
            negative_prompt = [negative_prompt] * len(prompt)
        count = _count(prompt, others) * num_images_per_prompt
        params = self._params_for(width, height, seconds)
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
        recipes = self._recipes(prompt, negative_prompt, seeds, chosen | settings, params)
        result = super().__call__(
            prompt=prompt,
            negative_prompt=negative_prompt,
            num_images_per_prompt=num_images_per_prompt,
            generator=generator,
            output_type=output_type,
            **chosen,
            **others,
        )
        if output_type == "latent":
            return result if return_dict else result.to_tuple()
        output = self.hear(result.images, recipes, params, seconds)
        return output if return_dict else output.to_tuple()

    def hear(
        self, images: list, recipes: list[Recipe], params: SpectrogramParams, seconds: float | None = None
    ) -> SpectrogramAudioOutput:
        """Decode pictures to sound, at most `seconds` long, and attach parameters and recipes to the pictures."""
        codec, audios = SpectrogramCodec(params), []
        for image, recipe in zip(images, recipes, strict=True):
            image.info |= {PARAMS_KEY: params.to_json(), RECIPE_KEY: recipe.to_json()}
            audio, _ = codec.decode(image, seed=recipe.seed or 0)
            audios.append(audio[:, : None if seconds is None else round(seconds * params.sample_rate_hz)])
        return SpectrogramAudioOutput(images, np.stack(audios), params.sample_rate_hz, recipes)

    @property
    def params(self) -> SpectrogramParams:
        """How pictures are heard: set by hand, else the adapter's, else the base's, else by the picture's size."""
        if self._params is not None:
            return self._params
        for adapter in self._active_adapters():
            if adapter["params"] is not None:
                return adapter["params"]
        text = read_beside(self.name_or_path, MODEL_FILE) if self.name_or_path else None
        return self._params_by_size() if text is None else SpectrogramParams.from_json(text)

    @params.setter
    def params(self, params: SpectrogramParams | None):
        self._params = params

    @property
    def defaults(self) -> GenerationDefaults:
        """Steps and guidance that suit the base: its generation.json, else Stable Diffusion's usual values."""
        if self._defaults is None:
            text = read_beside(self.name_or_path, GENERATION_FILE) if self.name_or_path else None
            self._defaults = GenerationDefaults() if text is None else GenerationDefaults.from_json(text)
        return self._defaults

    def load_lora_weights(self, pretrained_model_name_or_path_or_dict, adapter_name=None, hotswap=False, **others):
        """diffusers' method, safetensors only; a local file or folder is checked before anything of it is loaded."""
        source, metadata = pretrained_model_name_or_path_or_dict, {}
        name = "adapter" if isinstance(source, dict) else Path(source).name
        if not isinstance(source, dict) and Path(source).exists():
            adapter = check_adapter(source, self)
            source, name, metadata = str(adapter.path.parent), adapter.name, adapter.metadata
            others["weight_name"] = adapter.path.name
        if not isinstance(source, dict):
            others["use_safetensors"] = True
        adapter_name = adapter_name or name.replace(".", "_")
        super().load_lora_weights(source, adapter_name=adapter_name, hotswap=hotswap, **others)
        text = metadata.get(PARAMS_KEY)
        params = None if text is None else SpectrogramParams.from_json(text)
        self._adapters = {**self._adapters, adapter_name: {"name": name, "params": params, "scale": 1.0}}

    def set_adapters(self, adapter_names, adapter_weights=None):
        """diffusers' method; the weights are remembered for the recipes."""
        super().set_adapters(adapter_names, adapter_weights)
        names = [adapter_names] if isinstance(adapter_names, str) else list(adapter_names)
        weights = adapter_weights if isinstance(adapter_weights, list) else [adapter_weights] * len(names)
        for name, weight in zip(names, weights, strict=True):
            scale = float(weight) if isinstance(weight, int | float) else 1.0
            self._adapters = {**self._adapters, name: {**self._adapters[name], "scale": scale}}

    def unload_lora_weights(self, **others):
        """diffusers' method; the base's own parameters hold again."""
        super().unload_lora_weights(**others)
        self._adapters = {}

    def run_safety_checker(self, image, device, dtype):
        """No check: it was trained on photographs and would blacken spectrograms, which is silence."""
        return image, None

    def cut_words(self, prompt: str) -> str:
        """The end of the prompt that the text encoder cannot see; empty when all of it fits."""
        limit = self.tokenizer.model_max_length
        tokens = self.tokenizer(prompt, truncation=False, verbose=False).input_ids[1:-1]
        return self.tokenizer.decode(tokens[limit - 2 :]).strip()

    def _active_adapters(self) -> list[dict]:
        """What is known of each adapter in use; one that was attached behind our back has only its name."""
        if not self._adapters:
            return []
        unknown = {"params": None, "scale": 1.0}
        return [self._adapters.get(name, {"name": name, **unknown}) for name in self.get_active_adapters()]

    def _params_by_size(self) -> SpectrogramParams:
        size = self.unet.config.sample_size
        height, width = (size, size) if isinstance(size, int) else size
        width, height = width * self.vae_scale_factor, height * self.vae_scale_factor
        if (width, height) not in SIZES:
            raise UsageProblem(
                f"this model paints {width} x {height} pictures and does not say how they are heard",
                f"{MODEL_FILE} beside the model or an adapter of this project",
                "set pipe.params = SpectrogramParams.preset(…)",
            )
        return SpectrogramParams.preset(SIZES[width, height])

    def _params_for(self, width: int | None, height: int | None, seconds: float | None) -> SpectrogramParams:
        params = self.params
        if height not in (None, params.height):
            raise UsageProblem(
                f"height is {height}",
                f"{params.height}, the number of bands",
                "leave height out, set pipe.params instead",
            )
        if seconds is not None:
            if not 0 < seconds <= 600:
                raise UsageProblem(f"length is {seconds} s", "more than 0 and at most 600 s", "choose another length")
            width = math.ceil(seconds * params.columns / params.clip_seconds / self._grid) * self._grid
        if width is not None and (width <= 0 or width % self._grid):
            raise UsageProblem(f"width is {width}", f"a multiple of {self._grid}", "use seconds= instead")
        return params if width in (None, params.columns) else params.replace(columns=width)

    @property
    def _grid(self) -> int:
        """Pixels that the deepest level of the UNet sees as one."""
        return self.vae_scale_factor * 2 ** (len(self.unet.config.block_out_channels) - 1)

    def _generators(self, seed: int | None, generator, count: int):
        if seed is not None and generator is not None:
            raise UsageProblem("both seed and generator are given", "one of them", "leave one out")
        if generator is not None:
            return generator
        return make_generators(draw_seed() if seed is None else seed, count)

    def _varied_noise(self, seeds: list[int | None], variation_seed: int, amount: float, columns: int):
        """Latents (batch, channels, height, width): each seed's noise, turned towards its own variation seed."""
        if None in seeds or not 0 <= amount <= 1:
            raise UsageProblem("the variation has no beginning", "seed= and variation_amount 0 to 1", "give a seed")
        pairs = [(seed, variation_seed + i) for i, seed in enumerate(seeds)]
        noise = [varied_noise(self, seed, other, amount, columns) for seed, other in pairs]
        return torch.cat(noise).to(self._execution_device, self.unet.dtype)

    def _recipes(self, prompt, negative_prompt, seeds, chosen, params) -> list[Recipe]:
        prompts, negatives = _spread(prompt, len(seeds)), _spread(negative_prompt, len(seeds))
        adapters = [adapter for adapter in self._active_adapters() if adapter["scale"] != 0]
        return [
            Recipe(
                prompt=prompts[i],
                negative_prompt=negatives[i],
                seed=seeds[i],
                steps=chosen["num_inference_steps"],
                guidance=chosen["guidance_scale"],
                guidance_rescale=chosen["guidance_rescale"],
                width=params.width,
                height=params.height,
                scheduler=type(self.scheduler).__name__,
                model=_public_name(self.name_or_path),
                adapter="+".join(adapter["name"] for adapter in adapters) or None,
                adapter_scale=adapters[0]["scale"] if adapters else None,
                settings=_variation(chosen, i),
                params=params.to_dict(),
            )
            for i in range(len(seeds))
        ]


def _count(prompt, others: dict) -> int:
    if prompt is None:
        return len(others["prompt_embeds"]) if others.get("prompt_embeds") is not None else 1
    return 1 if isinstance(prompt, str) else len(prompt)


def _variation(chosen: dict, i: int) -> dict:
    """What the recipe of clip i says of its variation; empty when there is none."""
    if "variation_seed" not in chosen:
        return {}
    return {"variation_seed": chosen["variation_seed"] + i, "variation_amount": chosen["variation_amount"]}


def _spread(texts: str | list[str] | None, count: int) -> list[str]:
    """One text for each clip, in the order in which diffusers repeats prompts."""
    listed = [texts or ""] if texts is None or isinstance(texts, str) else texts
    return [text for text in listed for _ in range(count // len(listed))]


def _public_name(name_or_path: str | None) -> str | None:
    """A Hub name stays; of a folder only its own name is told."""
    if not name_or_path:
        return None
    return Path(name_or_path).resolve().name if Path(name_or_path).exists() else name_or_path
