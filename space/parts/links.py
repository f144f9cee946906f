"""A recipe as text in an address: "?recipe=…" opens the page with the settings that made a clip."""

import base64
import binascii
from collections.abc import Iterator
from pathlib import Path

import soundfile

from space.engine.front_door import LIMITS
from spectrogram import json_text
from spectrogram.problems import Problem
from spectrogram.recipe import Recipe

LONGEST = 8192
MOST = 1e9
KEPT = ("prompt", "negative_prompt", "seed", "steps", "guidance", "adapter", "adapter_scale", "verb", "settings")


def to_link(recipe: Recipe, seconds: float) -> str:
    """URL-safe text of what a person chose; the codec's parameters belong to the model and are left out.

    Of a painted mask that makes the address too long only stays that there was one.
    """
    values = {name: value for name in KEPT if (value := getattr(recipe, name)) not in (None, "", {})}
    link = _written(values | {"seconds": round(seconds, 3)})
    if len(link) > LONGEST and "mask" in recipe.settings:
        return to_link(recipe.replace(settings=recipe.settings | {"mask": True}), seconds)
    return link


def _written(values: dict) -> str:
    text = json_text.dumps(values, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def from_link(text: str) -> tuple[Recipe, float | None]:
    """The inverse of `to_link`: (recipe, seconds or None). Raises Problem on anything else."""
    broken = Problem("the link holds no recipe", "a link that this page made", "copy it again")
    if len(text) > LONGEST:
        raise broken
    try:
        plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        seconds = json_text.parsed(plain).get("seconds")
    except (ValueError, binascii.Error, AttributeError) as error:
        raise broken from error
    return usable(Recipe.from_json(plain), seconds if isinstance(seconds, int | float) else None)


def usable(recipe: Recipe, seconds: float | None) -> tuple[Recipe, float | None]:
    """Both as they are. Raises Problem for numbers that no field of the page can hold."""
    numbers = [("length", seconds), ("seed", recipe.seed), ("steps", recipe.steps), ("guidance", recipe.guidance)]
    numbers += [("adapter strength", recipe.adapter_scale), *_numbers("settings", recipe.settings)]
    for name, value in numbers:
        low, high = LIMITS.get(name, (-MOST, MOST))
        if value is not None and not (low <= value <= high):
            raise Problem(f"the recipe's {name} is out of range", f"{low:g} to {high:g}", "make the sound anew")
    return recipe, seconds


def _numbers(name: str, value) -> Iterator[tuple[str, float]]:
    """All numbers in the settings of a recipe."""
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _numbers(name, one)
    elif isinstance(value, int | float):
        yield name, value


def from_file(path: str | Path) -> tuple[Recipe, float | None]:
    """(recipe, length in seconds or None) of one of our sounds, pictures or JSON files. Raises Problem."""
    recipe = Recipe.read(path)
    if Path(path).suffix.lower() in (".wav", ".flac", ".ogg"):
        return usable(recipe, soundfile.info(path).duration)
    return usable(recipe, None)
