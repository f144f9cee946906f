"""The card of what is being made, above the last result; and the player of a whole row of clips."""

from pathlib import Path

from markupsafe import Markup

from space.jobs import Request
from space.parts.card import shortened
from space.parts.titles import title_of
from space.store.views import file_address
from spectrogram.files.templates import fill_html
from spectrogram.recipe import Recipe

TEMPLATE = Path(__file__).with_suffix(".html")


def work_html(request: Request, preview: str) -> str:
    """What is being made: its title and its unfinished picture. Screen readers hear the status line instead."""
    began = {"source": request.source} | ({"varied": True} if request.varied else {})
    recipe = Recipe(prompt=request.prompt, verb=request.verb, settings=_plain(request.options) | began)
    return fill_html(TEMPLATE, title=shortened(title_of(recipe)), preview=Markup(preview))


def _plain(options: dict) -> dict:
    """The numbers and words of a request's options, as its recipe will have them."""
    return {name: value for name, value in options.items() if isinstance(value, int | float | str)}


def whole_html(path: str) -> Markup:
    """A player of all clips one after the other."""
    player = Markup('<figure class="whole"><figcaption>All clips as one sound</figcaption>{}</figure>')
    audio = Markup('<audio controls preload="none" src="{}" aria-label="Player: all clips as one sound"></audio>')
    return player.format(audio.format(file_address(path)))
