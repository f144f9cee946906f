"""The recipes of what a pipeline makes: what was asked, and what the pipeline knows of itself."""

from pathlib import Path

from spectrogram.adapters.loaded import active_loras
from spectrogram.adapters.steering import recipe_settings
from spectrogram.params import SpectrogramParams
from spectrogram.recipe import Recipe


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


def batch_recipes(pipeline, prompt, negative_prompt, seeds, chosen, params, settings: dict) -> list[Recipe]:
    """One recipe for each seed, in the order in which diffusers repeats prompts."""
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
        )
        for i in range(len(seeds))
    ]


def _recipe(pipeline, params: SpectrogramParams, **fields) -> Recipe:
    """A recipe with what this pipeline knows of itself: model, scheduler, adapters, parameters."""
    loras = [lora for lora in active_loras(pipeline) if lora.scale != 0]
    fields["settings"] = {**fields.get("settings", {}), **recipe_settings(pipeline)}
    if len(loras) > 1:
        fields["settings"] = {**fields["settings"], "adapter_scales": [lora.scale for lora in loras]}
    return Recipe(
        width=params.width,
        height=params.height,
        scheduler=type(pipeline.scheduler).__name__,
        model=model_name(pipeline),
        adapter="+".join(lora.name for lora in loras) or None,
        adapter_scale=loras[0].scale if loras else None,
        params=params.to_dict(),
        **fields,
    )


def _variation(settings: dict, i: int) -> dict:
    """What the recipe of clip i says of its variation."""
    if "variation_seed" not in settings:
        return settings
    return {**settings, "variation_seed": settings["variation_seed"] + i}


def _spread(texts: str | list[str] | None, count: int) -> list[str]:
    """One text for each clip."""
    listed = [texts or ""] if texts is None or isinstance(texts, str) else texts
    return [text for text in listed for _ in range(count // len(listed))]
