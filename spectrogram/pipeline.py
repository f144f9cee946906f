"""Sound from a text with any Stable Diffusion 1.x: diffusers' own pipeline, then the codec.

    pipe = SpectrogramAudioPipeline.from_pretrained("base_model")
    output = pipe("rain on a tin roof", seed=7)
    output.save("rain.wav")
    quieter = pipe.transform(output, "rain on leaves", strength=0.5)

Also `DiffusionPipeline.from_pretrained(BASE, custom_pipeline="spectrogram", trust_remote_code=True)` from a checkout.
"""

from functools import cached_property, partial

import torch

from spectrogram.sampling.stable_diffusion import StableDiffusionPipeline  # isort: skip (first, because it is the slow one)
from spectrogram.adapters import loaded, steering, words
from spectrogram.adapters.state import State
from spectrogram.problems import UsageProblem
from spectrogram.prompts import embedding
from spectrogram.sampling import hearing, recipes
from spectrogram.sampling.control import paint_controlled
from spectrogram.sampling.long import WIDEST, paint_long
from spectrogram.sampling.noise import draw_batch, varied_batch
from spectrogram.sampling.seeds import choose_generators, seeds_of
from spectrogram.verbs import choose as choosing
from spectrogram.verbs.extend import extend
from spectrogram.verbs.inpaint import inpaint
from spectrogram.verbs.loop import loop
from spectrogram.verbs.mix import mix
from spectrogram.verbs.morph import morph, morph_clips
from spectrogram.verbs.stereo import stereo
from spectrogram.verbs.timeline import timeline
from spectrogram.verbs.transform import transform
from spectrogram.verbs.upscale import upscale
from spectrogram.verbs.variations import variations


class SpectrogramAudioPipeline(StableDiffusionPipeline):
    """Stable Diffusion that returns sound: called with a text, or through one of its verbs with a sound.

    The verbs take diffusers' keywords num_inference_steps, guidance_scale, guidance_rescale, negative_prompt,
    generator and callback_on_step_end, and `seed`; `upscale` alone paints nothing and takes none.
    """

    # watermark(audio (channels, samples), rate_hz) -> audio marks each generated sound; None, the default, marks none.
    watermark = None

    transform = transform
    inpaint = inpaint
    extend = extend
    loop = loop
    morph = morph
    morph_clips = morph_clips
    timeline = timeline
    mix = mix
    variations = variations
    stereo = stereo
    upscale = upscale
    choose = choosing.choose

    ear = property(choosing.ear, choosing.set_ear)
    params = property(hearing.params, hearing.set_params)
    defaults = property(hearing.defaults)
    params_for = hearing.params_for
    hear = hearing.hear
    model_name = property(recipes.model_name)
    recipe = recipes.recipe
    encode_stages = embedding.encode_stages
    cut_words = embedding.cut_words
    load_aesthetic = steering.load_aesthetic
    unload_aesthetic = steering.unload_aesthetic

    @cached_property
    def state(self) -> State:
        """What this pipeline holds beyond diffusers' parts: LoRAs, words, an aesthetic, and what was set by hand."""
        return State()

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
        """Sound from a text: one clip for each prompt and each of `num_images_per_prompt`.

        Args:
            prompt: a text or several, which may weigh words and follow schedules (`prompts.language`).
            height: picture rows; only the number of bands of `params` can be painted, so leave it out.
            width: picture columns, a multiple of what the UNet's deepest level sees as one; or give `seconds`.
            num_inference_steps: denoising steps, 1 or more; None means the base's own number.
            guidance_scale: how closely to follow the prompt; 1 or less asks once, without the negative prompt. None
                means the base's own value.
            negative_prompt: what not to hear; one for all prompts, or one each.
            num_images_per_prompt: clips of each prompt.
            generator: torch.Generator, or one a clip, instead of `seed`.
            guidance_rescale: 0 to 1, how far guidance is brought back to the spread that it had; None: the base's own.
            seed: makes one CPU generator a clip (seed, seed + 1, …); without seed and generator one is drawn and told.
            seconds: above 0, at most 600: sets the width and cuts the sound exactly. Beyond twice the model's own
                length it paints in windows.
            variation_seed: turns the noise of `seed` towards another one's: a relative of the same clip.
            variation_amount: how far, 0 to 1.
            output_type: "pil", or "latent" for undecoded latents (clips, channels, height / 8, width / 8).
            return_dict: False returns the tuple (images, audios, sampling_rate, recipes).
            others: diffusers' further keywords, for example `ip_adapter_image` or `callback_on_step_end`, and
                `controlnet` (a ControlNetModel) with `control_image`, a picture or a sound to follow. Windows and
                schedules take only `callback_on_step_end` and `latents` of them.

        Returns:
            SpectrogramAudioOutput: images (clips of `width` x `height` pixels), audios float32 (clips, channels,
            samples) in -1 to 1, sampling_rate in Hz, recipes. A callback that interrupts ends it early.

        Raises:
            UsageProblem: a value that cannot be painted, with what can.

        Example:
            >>> from spectrogram.models import load_pipeline
            >>> pipe = load_pipeline(device="cpu")
            >>> output = pipe("rain on a tin roof", seed=7, num_inference_steps=1)
            >>> output.audios.shape, output.sampling_rate, output.recipes[0].seed
            ((1, 1, 122880), 24000, 7)
        """
        if output_type not in ("pil", "latent"):
            raise UsageProblem(f"output_type is {output_type!r}", "pil or latent", "convert the pictures afterwards")
        if isinstance(prompt, list) and isinstance(negative_prompt, str):
            negative_prompt = [negative_prompt] * len(prompt)
        count = _count(prompt, others) * num_images_per_prompt
        params = self.params_for(seconds, width, height)
        generator = choose_generators(seed, generator, count)
        chosen = {
            "height": params.height,
            "width": params.width,
            "num_inference_steps": num_inference_steps or self.defaults.steps,
            "guidance_scale": self.defaults.guidance if guidance_scale is None else guidance_scale,
            "guidance_rescale": self.defaults.guidance_rescale if guidance_rescale is None else guidance_rescale,
        }
        seeds, settings, given = seeds_of(generator, count), {}, dict(others)
        if variation_seed is not None:
            settings = {"variation_seed": variation_seed, "variation_amount": variation_amount}
            others["latents"] = varied_batch(self, seeds, variation_seed, variation_amount, params.columns)
        told = recipes.batch_recipes(self, prompt, negative_prompt, seeds, chosen, params, settings, given)
        texts = _listed(prompt) + _listed(negative_prompt)
        scheduled = any(embedding.is_scheduled(text, chosen["num_inference_steps"]) for text in texts)
        if output_type == "pil" and (scheduled or params.columns > WIDEST * self.params.columns):
            images = paint_long(self, told, generator, params, **others)
            output = self.hear(images, told[: len(images)], params, seconds)
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
        output = self.hear(result.images, told, params, seconds)
        return output if return_dict else output.to_tuple()

    def encode_prompt(
        self,
        prompt,
        device,
        num_images_per_prompt,
        do_classifier_free_guidance,
        negative_prompt=None,
        prompt_embeds=None,
        negative_prompt_embeds=None,
        lora_scale=None,
        clip_skip=None,
    ):
        """Embeddings (clips, tokens, width) of the prompts, and of what is against them with guidance, else None.

        diffusers' method. What comes first ends it:

        1. embeddings that are given are diffusers' matter;
        2. with an aesthetic each prompt is read by a text encoder that is steered for it alone, the negative one not;
        3. plain prompts that fit into the text encoder are read by diffusers, weights and long ones by compel
           (`prompts.embedding.read`); of a schedule the first stage is read. Tags such as <lora:owl:0.8> are no words.

        As in diffusers, `lora_scale` multiplies the text encoder's LoRAs for this reading, and with `clip_skip` the
        prompt, not the negative one, is read without the encoder's last layers.
        """
        stock = super().encode_prompt
        asked = (prompt, device, num_images_per_prompt, do_classifier_free_guidance, negative_prompt)
        if prompt is None or prompt_embeds is not None or negative_prompt_embeds is not None:
            return stock(*asked, prompt_embeds, negative_prompt_embeds, lora_scale)
        read = partial(embedding.read, self, stock)
        if self.state.steering is not None:
            read = partial(steering.read_steered, self, read)
        with loaded.scaled_text_encoder(self.text_encoder, lora_scale):
            if not clip_skip:
                return read(*asked)
            against = read(*asked)[1] if do_classifier_free_guidance else None
            with embedding.with_fewer_layers(self.text_encoder, clip_skip):
                positive = read(*asked)[0]
        return positive, against

    def load_lora_weights(self, pretrained_model_name_or_path_or_dict, adapter_name=None, hotswap=False, **others):
        """diffusers' method, for every layout of LoRA, LoCon, DoRA, LoHa and LoKr; safetensors only, checked first.

        Each layer gets the strength that its own rank and alpha say. Raises AdapterProblem before anything is loaded.
        """
        source = pretrained_model_name_or_path_or_dict
        loaded.load_lora(self, super().load_lora_weights, source, adapter_name, hotswap, **others)

    def set_adapters(self, adapter_names, adapter_weights=None):
        """diffusers' method, by the names that adapters were loaded under."""
        super().set_adapters(loaded.peft_names(self, adapter_names), adapter_weights)

    def delete_adapters(self, adapter_names):
        """diffusers' method, by the names that adapters were loaded under."""
        super().delete_adapters(loaded.peft_names(self, adapter_names))
        loaded.forget(self, adapter_names)

    def fuse_lora(self, components=("unet", "text_encoder"), lora_scale=1.0, safe_fusing=False, adapter_names=None):
        """diffusers' method; recipes name what lies in the weights."""
        others = {"components": list(components), "safe_fusing": safe_fusing}
        loaded.fuse(self, super().fuse_lora, adapter_names, lora_scale, **others)

    def unfuse_lora(self, components=("unet", "text_encoder"), **others):
        """diffusers' method."""
        super().unfuse_lora(list(components), **others)
        self.state.fused.clear()

    def unload_lora_weights(self, **others):
        """diffusers' method; the base's own parameters hold again."""
        super().unload_lora_weights(**others)
        self.state.loras.clear()

    def load_textual_inversion(self, pretrained_model_name_or_path, token=None, **others):
        """diffusers' method, safetensors only; a local file or folder is checked before anything of it is loaded."""
        words.load_word(self, super().load_textual_inversion, pretrained_model_name_or_path, token, **others)

    def unload_textual_inversion(self, *given, **others):
        """diffusers' method; nothing happens where no word was learned."""
        words.unload_words(self, super().unload_textual_inversion, *given, **others)

    def run_safety_checker(self, image, device, dtype):
        """No check: it was trained on photographs and would blacken spectrograms, which is silence."""
        return image, None


def _listed(texts: str | list[str] | None) -> list[str]:
    if texts is None:
        return []
    return [texts] if isinstance(texts, str) else texts


def _count(prompt, others: dict) -> int:
    if prompt is None:
        return len(others["prompt_embeds"]) if others.get("prompt_embeds") is not None else 1
    return 1 if isinstance(prompt, str) else len(prompt)
