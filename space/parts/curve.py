"""The way of a row of clips in sound: a small curve, and the same in numbers for those who cannot see it."""

import html
import itertools

from spectrogram.recipe import Recipe

LEFT, RIGHT, TOP, BOTTOM = 44, 596, 12, 96


def curve_html(recipes: list[Recipe]) -> str:
    """How much of the whole way is behind each clip; empty where the recipes do not tell it.

    Even steps lie on the dotted diagonal; a steep piece is where the sound turns.
    """
    ways = [recipe.settings.get("way") for recipe in recipes]
    if len(ways) < 2 or None in ways:
        return ""
    told = html.escape(_in_numbers(ways, recipes[0].settings.get("heard_by", "")))
    step = (RIGHT - LEFT) / (len(ways) - 1)
    places = [(LEFT + step * i, BOTTOM - (BOTTOM - TOP) * way) for i, way in enumerate(ways)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in places)
    numbers = "".join(f'<text x="{x:.1f}" y="{BOTTOM + 18}" text-anchor="middle">{i + 1}</text>'
                      for i, (x, _) in enumerate(places))  # fmt: skip
    marks = "".join(
        f'<text x="{LEFT - 10}" y="{y + 4}" text-anchor="end">{text}</text>'
        for y, text in ((TOP, "100 %"), (BOTTOM, "0 %"))
    )
    return (
        f'<figure class="curve"><svg viewBox="0 0 640 120" role="img" aria-label="{told}">'
        f'<line x1="{LEFT}" y1="{BOTTOM}" x2="{RIGHT}" y2="{TOP}" class="even"/>'
        f'<polyline points="{line}"/>{dots}{numbers}{marks}</svg><figcaption>{told}</figcaption></figure>'
    )


def _in_numbers(ways: list[float], heard_by: str) -> str:
    steps = [after - before for before, after in itertools.pairwise(ways)]
    widest = max(range(len(steps)), key=steps.__getitem__)
    listed = " · ".join(f"{100 * way:.0f}" for way in ways)
    largest = f"the largest step, {100 * steps[widest]:.0f} %, leads from clip {widest + 1} to {widest + 2}"
    judged = f", as heard by {heard_by}" if heard_by else ""
    return f"Way in sound: {listed} %; {largest}{judged}."
