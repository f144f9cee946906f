"""What a result is called: its text, and where it began with a sound, that sound and what was changed in it."""

from pathlib import Path

from spectrogram.problems import Problem
from spectrogram.recipe import Recipe

LONGEST_NAME = 60
VARIED = " · varied"


def name_of_sound(path: str) -> str:
    """What a person knows a sound by: the title of what was made here, else the name of their file."""
    try:
        title = title_of(Recipe.read(path))
    except Problem:
        title = Path(path).stem
    return title[:LONGEST_NAME]


def title_of(recipe: Recipe) -> str:
    """ "kitchen → rain falling", "kitchen · a dog barking from 1 to 2 s", or the text alone without a source."""
    settings, text = recipe.settings, recipe.prompt
    source = settings.get("source")
    if not isinstance(source, str) or not source:
        return text
    if recipe.verb == "inpaint":
        edges = [settings.get(name) for name in ("start_s", "end_s")]
        told = all(isinstance(edge, int | float) for edge in edges)
        return f"{source} · {text}" + (" from {:.3g} to {:.3g} s".format(*edges) if told else "")
    if recipe.verb == "extend":
        seconds, side = settings.get("seconds"), settings.get("side")
        longer = f"{seconds:g} s" if isinstance(seconds, int | float) else "some seconds"
        return f"{source} · {longer} more {'before' if side == 'left' else 'after'} it: {text}"
    if recipe.verb == "loop":
        return f"{source} · as a loop, {text} where the ends meet"
    return f"{source}{VARIED}" if settings.get("varied") is True else f"{source} → {text}"
