"""The recipes of what a pipeline makes: what was asked, and what the pipeline knows of itself."""

from pathlib import Path

from spectrogram.adapters.loaded import active_loras
from spectrogram.adapters.steering import recipe_settings
from spectrogram.params import SpectrogramParams
from spectrogram.prompts.language import take_out_tags
from spectrogram.recipe import Recipe

# Keywords that change nothing of what is heard.
UNHEARD = ("callback_on_step_end", "callback_on_step_end_tensor_inputs", "callback", "callback_steps")


def model_name(pipeline) -> str | None:
    """What recipes call the base: its name on the Hub, or of a folder only the folder's own name."""
    name_or_path = pipeline.name_or_path
    if not name_or_path:
        return None
    return Path(name_or_path).resolve().name if Path(name_or_path).exists() else name_or_path


def recipe(pipeline, prompt: str, sampling, params: SpectrogramParams, verb: str, settings: dict) -> Recipe:
    """The recipe of a clip that a verb made; `sampling` is a denoising.Sampling."""
    return _recipe(
        pipeline,
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


def batch_recipes(
    pipeline, prompt, negative_prompt, seeds, chosen, params, settings: dict, others: dict
) -> list[Recipe]:
    """One recipe for each seed, in the order in which diffusers repeats prompts; `others` are its further keywords."""
    settings, factor = settings | _further_settings(others), lora_factor(others)
    prompts, negatives = _spread(prompt, len(seeds)), _spread(negative_prompt, len(seeds))
    return [
        _recipe(
            pipeline,
            prompt=prompts[i],
            negative_prompt=negatives[i],
            seed=seeds[i],
            steps=chosen["num_inference_steps"],
            guidance=chosen["guidance_scale"],
            guidance_rescale=chosen["guidance_rescale"],
            params=params,
            settings=_variation(settings, i),
            lora_factor=factor,
        )
        for i in range(len(seeds))
    ]


def _recipe(pipeline, params: SpectrogramParams, lora_factor: float = 1.0, **fields) -> Recipe:
    """A recipe with what this pipeline knows of itself: model, scheduler, adapters, parameters."""
    loras = active_loras(pipeline, lora_factor)
    strengths = [strength for _, strength in loras]
    fields["settings"] = {**fields.get("settings", {}), **recipe_settings(pipeline)}
    if len(loras) > 1 or any(isinstance(strength, dict) for strength in strengths):
        fields["settings"] = {**fields["settings"], "adapter_scales": strengths}
    for name in ("prompt", "negative_prompt"):
        fields[name] = take_out_tags(fields[name])[0]
    return Recipe(
        width=params.width,
        height=params.height,
        scheduler=type(pipeline.scheduler).__name__,
        model=model_name(pipeline),
        adapter="+".join(lora.name for lora, _ in loras) or None,
        adapter_scale=strengths[0] if loras and not isinstance(strengths[0], dict) else None,
        params=params.to_dict(),
        **fields,
    )


def lora_factor(others: dict) -> float:
    """What diffusers' keyword cross_attention_kwargs multiplies the strength of each LoRA by."""
    return (others.get("cross_attention_kwargs") or {}).get("scale", 1.0)


def _further_settings(others: dict) -> dict:
    """What recipes say of diffusers' further keywords: numbers as they are; of all else only that it was given."""
    given = {name: value for name, value in others.items() if name not in UNHEARD and value is not None}
    told = {name: value for name, value in given.items() if isinstance(value, int | float | str)}
    unsaid = sorted(name for name in given.keys() - told.keys() if not _is_scale_alone(name, given[name]))
    return told | ({"also_given": unsaid} if unsaid else {})


def _is_scale_alone(name: str, value) -> bool:
    return name == "cross_attention_kwargs" and set(value) <= {"scale"}


def _variation(settings: dict, i: int) -> dict:
    """What the recipe of clip i says of its variation."""
    if "variation_seed" not in settings:
        return settings
    return {**settings, "variation_seed": settings["variation_seed"] + i}


def _spread(texts: str | list[str] | None, count: int) -> list[str]:
    """One text for each clip."""
    listed = [texts or ""] if texts is None or isinstance(texts, str) else texts
    return [text for text in listed for _ in range(count // len(listed))]
