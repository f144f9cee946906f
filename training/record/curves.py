"""Curves of a run as SVG text: no plotting library, sharp at every size, readable without a script."""

import math

from markupsafe import Markup, escape

WIDTH, HEIGHT = 440, 220
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 10, 34
COLOURS = ("#2f6f8f", "#b5532d", "#5b7d2a", "#7a4d8f", "#a07d1a", "#4a4a4a")


def smooth(values, share=0.06):
    """An exponential mean that begins unbiased; ``share`` is the weight of a new value."""
    mean, weight, found = 0.0, 0.0, []
    for value in values:
        mean, weight = (1 - share) * mean + share * value, (1 - share) * weight + share
        found.append(mean / weight)
    return found


def ticks(low, high, count=4):
    """Round numbers that span [low, high]."""
    if high <= low:
        return [low]
    step = 10 ** math.floor(math.log10((high - low) / count))
    step *= min((m for m in (1, 2, 5, 10) if (high - low) / (m * step) <= count), default=10)
    first = math.ceil(low / step)
    return [n * step for n in range(first, int(high / step + 1e-9) + 1)]


class Chart:
    """One chart with axes; ``line`` and ``bars`` add to it in data units, ``svg`` is the result."""

    def __init__(self, xs, ys, title):
        self.x0, self.x1 = min(xs), max(xs)
        low, high = min(ys), max(ys)
        room = 0.06 * (high - low) or abs(high) * 0.1 or 1.0
        self.y0, self.y1, self.title, self.parts = low - room, high + room, title, []

    def x(self, value):
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - self.x0) / max(self.x1 - self.x0, 1e-12)

    def y(self, value):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - self.y0) / (self.y1 - self.y0)

    def line(self, points, colour, width=1.6, opacity=1.0):
        path = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)
        self.parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}" opacity="{opacity}"/>'
        )

    def bars(self, points, colour):
        """(x, y, error) as dots with their standard errors; an error that is None has no bar."""
        for x, y, error in points:
            error = error or 0.0
            a, b = self.y(y - error), self.y(y + error)
            self.parts.append(
                f'<line x1="{self.x(x):.1f}" x2="{self.x(x):.1f}" y1="{a:.1f}" y2="{b:.1f}" stroke="{colour}"/>'
            )
            self.parts.append(f'<circle cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="3" fill="{colour}"/>')

    def svg(self):
        axes = []
        for value in ticks(self.y0, self.y1):
            y = self.y(value)
            axes.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
            axes.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>')
        for value in ticks(self.x0, self.x1, 6):
            x = self.x(value)
            axes.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{value:.4g}</text>')
        axes.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">optimizer step</text>')
        body = "".join(axes + self.parts)
        return Markup(f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(self.title)}">{body}</svg>')
