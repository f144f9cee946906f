"""The result card, the same in every tab: spectrogram with axes and a moving play line, player, how it was made."""

import secrets
import textwrap
from pathlib import Path

from space.engine.adapter_switch import adapter_of
from space.parts.links import to_link
from space.parts.titles import title_of
from space.store.clips import Clip
from space.store.views import file_address, frequency_ticks, time_ticks
from spectrogram.files.templates import fill_html
from spectrogram.params import SpectrogramParams

EMPTY = '<div class="card empty"><p>The sound you make appears here.</p></div>'

SCRIPT = f"<script>{(Path(__file__).parent / 'page.js').read_text(encoding='utf-8')}</script>"
# Seconds that one width of the card shows; longer sounds scroll along with the play line.
TEMPLATE = Path(__file__).with_suffix(".html")
WIDEST_S = 12.0
LONGEST_TITLE = 100


def card_html(clip: Clip, made: bool = False) -> str:
    """The card of a clip; What was `made` just now enters the history."""
    params, title = SpectrogramParams.from_dict(clip.recipe.params), title_of(clip.recipe)
    return fill_html(
        TEMPLATE,
        link=to_link(clip.recipe, clip.seconds),
        prompt=title,
        title=shortened(title),
        told=" · ".join(facts(clip)),
        key=secrets.token_hex(8) if made else "",
        width=f"{100 * clip.seconds / WIDEST_S:.0f}" if clip.seconds > WIDEST_S else "",
        hertz=frequency_ticks(params),
        seconds=time_ticks(clip.seconds),
        view=file_address(clip.view),
        sound=file_address(clip.sound),
        described=clip.described,
    )


def shortened(text: str) -> str:
    """The text, or its beginning up to a word's end where it is too long for a title."""
    return textwrap.shorten(text, LONGEST_TITLE, placeholder=" …") if len(text) > LONGEST_TITLE else text


def facts(clip: Clip) -> list[str]:
    """Seed, seconds taken, model and adapter, length: what belongs under every result."""
    recipe = clip.recipe
    made_with = recipe.model or "unknown model"
    adapter, scale = adapter_of(recipe)
    if adapter:
        made_with += f" + {adapter}" + ("" if scale is None else f" × {scale:g}")
    seed = f"seed {recipe.seed}"
    if "variation_seed" in recipe.settings:
        seed += f" varied by {recipe.settings['variation_seed']}"
    if isinstance(share := recipe.settings.get("share"), int | float):
        seed = f"{100 * share:.0f} % of the way from the first text to the last · {seed}"
    taken = [] if clip.seconds_taken is None else [f"made in {clip.seconds_taken:.1f} s"]
    return [seed, *taken, made_with, f"{clip.seconds:.2f} s long"]
