"""The result card, the same in every tab: spectrogram with axes and a moving play line, player, how it was made."""

import html
import secrets
import textwrap
from pathlib import Path

from space.engine.adapter_switch import adapter_of
from space.parts.links import to_link
from space.store.clips import Clip
from space.store.views import file_address, frequency_ticks, time_ticks
from spectrogram.params import SpectrogramParams

EMPTY = '<div class="card empty"><p>The sound you make appears here.</p></div>'

SCRIPT = f"<script>{(Path(__file__).parent / 'page.js').read_text(encoding='utf-8')}</script>"
# Seconds that one width of the card shows; longer sounds scroll along with the play line.
WIDEST_S = 12.0
LONGEST_TITLE = 100


def card_html(clip: Clip, made: bool = False) -> str:
    """The card of a clip; every text that people typed is escaped. What was `made` just now enters the history."""
    params = SpectrogramParams.from_dict(clip.recipe.params)
    prompt, title = html.escape(clip.recipe.prompt), html.escape(shortened(clip.recipe.prompt))
    told = html.escape(" · ".join(facts(clip)))
    link = to_link(clip.recipe, clip.seconds)
    described = html.escape(f"Spectrogram: {clip.described}")
    key = f' data-made="{secrets.token_hex(8)}"' if made else ""
    width = f' style="width:{100 * clip.seconds / WIDEST_S:.0f}%"' if clip.seconds > WIDEST_S else ""
    return f"""
<figure class="card" data-recipe="{link}" data-title="{prompt}" data-facts="{told}"{key}>
  <div class="axes">
    <div class="hertz" aria-hidden="true">{_marks(frequency_ticks(params), "bottom")}</div>
    <div class="strip"{' tabindex="0" role="group" aria-label="Spectrogram, scrolls"' if width else ""}>
      <div class="roll"{width}>
        <div class="plot" title="Click to play from here">
          <img src="{file_address(clip.view)}" alt="{described}"><div class="line"></div>
        </div>
        <div class="seconds" aria-hidden="true">{_marks(time_ticks(clip.seconds), "left")}</div>
      </div>
    </div>
  </div>
  <audio controls preload="metadata" src="{file_address(clip.sound)}" aria-label="Player: {prompt}"></audio>
  <figcaption>
    <strong title="{prompt}">{title}</strong>
    <span class="facts">{told}</span>
    <span class="loop"><label><input type="checkbox"> Repeat</label>
      <a class="link" href="?recipe={link}">Copy link</a></span>
  </figcaption>
</figure>"""


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
        seed = f"{100 * share:.0f} % of the way · {seed}"
    taken = [] if clip.seconds_taken is None else [f"made in {clip.seconds_taken:.1f} s"]
    return [seed, *taken, made_with, f"{clip.seconds:.2f} s long"]


def _marks(ticks: list[tuple[float, str]], side: str) -> str:
    """Labels at their places; one at the very end is written to the left of its place, where there is room."""
    ends = ['class="end" ' if share > 0.95 else "" for share, _ in ticks]
    return "".join(
        f'<span {end}style="{side}:{100 * share:.2f}%">{label}</span>'
        for end, (share, label) in zip(ends, ticks, strict=True)
    )
