"""The one way to draw a line on the page: a small chart, and the same in words for those who cannot see it."""

import itertools
from pathlib import Path

from markupsafe import Markup

from space.teaching.runs import RunState
from spectrogram.files.templates import fill_html
from spectrogram.recipe import Recipe

TEMPLATE = Path(__file__).with_suffix(".html")
WIDTH, HEIGHT = 600, 120
LEFT, RIGHT, TOP, BOTTOM = 44, 596, 12, 96
# What the recipe calls an ear, in the words of somebody who never heard of one.
EARS = {"the base's ear": "the network of the base model that tells how alike two sounds are"}
SMOOTH, MOST_POINTS = 0.9, 300


def loss_html(state: RunState) -> Markup:
    """The training loss as a line, smoothed; empty before the second step."""
    if len(state.losses) < 2:
        return Markup("")
    smooth, points = state.losses[0][1], []
    for step, loss in state.losses:
        smooth = SMOOTH * smooth + (1 - SMOOTH) * loss
        points.append((step, smooth))
    low, high = min(loss for _, loss in points), max(loss for _, loss in points)
    scale = HEIGHT / max(high - low, 1e-9)
    shown = points[:: max(1, len(points) // MOST_POINTS)] + points[-1:]
    places = [(WIDTH * step / max(state.total, 1), HEIGHT - (loss - low) * scale) for step, loss in shown]
    told = f"Training loss, smoothed: from {points[0][1]:.3f} to {points[-1][1]:.3f} after {state.step} steps"
    return _drawn("loss", told, places, (0, -4, WIDTH, HEIGHT + 8), stretched=True)


def curve_html(recipes: list[Recipe]) -> Markup:
    """How much of the whole way is behind each clip; empty where the recipes do not tell it.

    Even steps lie on the dotted diagonal; a steep piece is where the sound turns.
    """
    ways = [recipe.settings.get("way") for recipe in recipes]
    if len(ways) < 2 or None in ways:
        return Markup("")
    step = (RIGHT - LEFT) / (len(ways) - 1)
    places = [(LEFT + step * i, BOTTOM - (BOTTOM - TOP) * way) for i, way in enumerate(ways)]
    marks = [(x, BOTTOM + 18, "middle", str(i + 1)) for i, (x, _) in enumerate(places)]
    marks += [(LEFT - 10, y + 4, "end", text) for y, text in ((TOP, "100 %"), (BOTTOM, "0 %"))]
    told = _in_numbers(ways, recipes[0].settings.get("heard_by", ""))
    even = ((LEFT, BOTTOM), (RIGHT, TOP))
    return _drawn("curve", told, places, (0, 0, 640, 120), dots=places, marks=marks, even=even)


def _drawn(kind: str, told: str, points: list, box: tuple, **more) -> Markup:
    """A figure: `points` (x, y) in the units of `box` (left, top, width, height), `told` as caption and label."""
    left, top, width, height = box
    given = {"dots": (), "marks": (), "even": None, "stretched": False} | more
    return fill_html(
        TEMPLATE, kind=kind, told=told, points=points, left=left, top=top, width=width, height=height, **given
    )


def _in_numbers(ways: list[float], heard_by: str) -> str:
    steps = [after - before for before, after in itertools.pairwise(ways)]
    widest = max(range(len(steps)), key=steps.__getitem__)
    listed = " · ".join(f"{100 * way:.0f}" for way in ways)
    largest = f"the largest step, {100 * steps[widest]:.0f} %, leads from clip {widest + 1} to {widest + 2}"
    judged = f" Measured by {EARS.get(heard_by, heard_by)}." if heard_by else ""
    return f"How far each clip has come from the first (0 %) to the last (100 %): {listed} %; {largest}.{judged}"
