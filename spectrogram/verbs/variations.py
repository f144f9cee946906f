"""Relatives of a clip: of one that was generated, by turning its noise; of a recording, by painting over it lightly."""

from pathlib import Path

import numpy as np
import torch

from spectrogram.output import SpectrogramAudioOutput
from spectrogram.problems import Problem, UsageProblem
from spectrogram.recipe import Recipe
from spectrogram.sampling.seeds import choose_seed

MOST = 64


def variations(
    pipeline,
    source,
    prompt: str | None = None,
    count: int = 4,
    amount: float = 0.35,
    sampling_rate: int | None = None,
    seed: int | None = None,
    generator: torch.Generator | None = None,
    **settings,
) -> SpectrogramAudioOutput:
    """Relatives of a clip: of one that was generated here by turning its noise, of any other sound by painting over it.

    Args:
        source: an output or file with a recipe that this model can follow again (its prompt and seed are kept), else
            any sound, which then needs a prompt.
        prompt: what a sound without a recipe holds.
        count: relatives, 1 to 64.
        amount: how far away, 0 to 1; of a sound without a recipe it is the strength of `transform`.
        sampling_rate: Hz of an array; None means the model's.
        seed: noise turns towards, or is drawn from, seed, seed + 1, …; drawn when neither is given.
        generator: instead of a seed; a fresh one means its own seed.
        settings: as of generation; those of the recipe stay where none are given.

    Returns:
        SpectrogramAudioOutput of `count` clips, fewer when a callback interrupts.

    Raises:
        UsageProblem: a setting out of its range, or a sound that does not say what it is.

    Example:
        >>> rain = pipe("rain", seed=7, num_inference_steps=1)
        >>> pipe.variations(rain, count=2, amount=0.3, seed=1).audios.shape
        (2, 1, 122880)
    """
    if not 1 <= count <= MOST:
        raise UsageProblem(f"{count} variations are asked for", f"1 to {MOST}", "choose another number")
    seed, recipe = choose_seed(seed, generator), _own_recipe(source, pipeline)
    if recipe is not None and prompt in (None, recipe.prompt):
        return _turn(pipeline, recipe, count, amount, seed, settings)
    if prompt is None:
        raise UsageProblem("the sound does not say what it is", "a prompt", "describe it")
    outputs = []
    for i in range(count):
        transform = {"sampling_rate": sampling_rate, "seed": seed + i, **settings}
        outputs.append(pipeline.transform(source, prompt, amount, **transform))
        if pipeline.interrupt:
            break
    return gather(outputs, "variations")


def _turn(pipeline, recipe: Recipe, count: int, amount: float, seed: int, settings: dict) -> SpectrogramAudioOutput:
    """Clips that grow from the recipe's noise, turned each towards a seed of its own."""
    kept = {
        "negative_prompt": recipe.negative_prompt,
        "num_inference_steps": recipe.steps,
        "guidance_scale": recipe.guidance,
        "guidance_rescale": recipe.guidance_rescale,
        "width": recipe.width,
    }
    outputs = []
    for i in range(count):
        turned = {"seed": recipe.seed, "variation_seed": seed + i, "variation_amount": amount}
        outputs.append(pipeline(recipe.prompt, **(kept | settings), **turned))
        if pipeline.interrupt:
            break
    return gather(outputs, "variations")


def gather(outputs: list[SpectrogramAudioOutput], verb: str) -> SpectrogramAudioOutput:
    """One output of several that are equally long."""
    images, recipes = ([item for one in outputs for item in getattr(one, name)] for name in ("images", "recipes"))
    audios = np.concatenate([one.audios for one in outputs])
    return SpectrogramAudioOutput(
        images, audios, outputs[0].sampling_rate, [recipe.replace(verb=verb) for recipe in recipes]
    )


def _own_recipe(source, pipeline) -> Recipe | None:
    """The recipe of a clip that this model generated from a text and a seed; None when there is no such recipe."""
    if isinstance(source, str | Path):
        try:
            recipe = Recipe.read(source)
        except Problem:
            return None
    else:
        recipes = getattr(source, "recipes", None)
        recipe = recipes[0] if recipes else None
    if recipe is None or recipe.verb != "generate" or recipe.seed is None or recipe.settings:
        return None
    return recipe if recipe.model == pipeline.model_name else None
