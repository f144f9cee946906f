"""Pictures of a dataset for its card: a grid of spectrograms and bar charts, drawn with Pillow alone."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFont

INK, PAPER, BAR = (30, 30, 40), (255, 255, 255), (79, 70, 229)
MARGIN = 8
LINE = 18
DIFFERENCE = 8
LONGEST = 500


def grid(tiles: Sequence[tuple[str, bytes]], path: Path, columns: int = 4, width: int = 256) -> None:
    """Write one PNG with a captioned tile for each (caption, PNG bytes)."""
    pictures = [(text, Image.open(io.BytesIO(data)).convert("RGB")) for text, data in tiles]
    tile = width, round(width * max(picture.height / picture.width for _, picture in pictures))
    rows = -(-len(pictures) // columns)
    step = tile[0] + MARGIN, tile[1] + LINE + MARGIN
    sheet = Image.new("RGB", (MARGIN + columns * step[0], MARGIN + rows * step[1]), PAPER)
    draw = ImageDraw.Draw(sheet)
    for index, (text, picture) in enumerate(pictures):
        x, y = MARGIN + index % columns * step[0], MARGIN + index // columns * step[1]
        sheet.paste(picture.resize(tile, Image.Resampling.LANCZOS), (x, y))
        draw.text((x, y + tile[1] + 2), fitted(text, tile[0]), INK, font(13))
    sheet.save(path, optimize=True)


def comparison(rows: Sequence[tuple[str, Image.Image, Image.Image]], path: Path, width: int = 256) -> None:
    """Write one PNG with a line for each (text, picture, other picture): both, and how far they differ."""
    columns = ("picture", "picture of the decoded sound", f"difference x {DIFFERENCE}")
    height = round(width * rows[0][1].height / rows[0][1].width)
    step = width + MARGIN, height + LINE + MARGIN
    sheet = Image.new("RGB", (MARGIN + len(columns) * step[0], MARGIN + LINE + len(rows) * step[1]), PAPER)
    draw = ImageDraw.Draw(sheet)
    for column, title in enumerate(columns):
        draw.text((MARGIN + column * step[0], MARGIN), title, INK, font(13))
    for line, (text, one, other) in enumerate(rows):
        y = MARGIN + LINE + line * step[1]
        difference = ImageChops.difference(one, other).point(lambda level: DIFFERENCE * level)
        for column, tile in enumerate((one, other, difference)):
            sheet.paste(tile.resize((width, height), Image.Resampling.LANCZOS), (MARGIN + column * step[0], y))
        draw.text((MARGIN, y + height + 2), fitted(text, sheet.width - 2 * MARGIN), INK, font(13))
    sheet.save(path, optimize=True)


def bars(title: str, counts: Mapping[str, int], path: Path, width: int = 640, most: int = 30) -> None:
    """Write a horizontal bar chart; beyond ``most`` bars the rest is summed in the last one."""
    items = list(counts.items())
    if len(items) > most:
        items = [*items[: most - 1], (f"({len(items) - most + 1} others)", sum(n for _, n in items[most - 1 :]))]
    sheet = Image.new("RGB", (width, MARGIN * 2 + LINE * (len(items) + 2)), PAPER)
    draw, left = ImageDraw.Draw(sheet), width // 3
    draw.text((MARGIN, MARGIN), title, INK, font(14))
    scale = (width - left - 60) / max([count for _, count in items] or [1])
    for index, (name, count) in enumerate(items):
        y = MARGIN + LINE * (index + 2)
        draw.text((MARGIN, y), fitted(name, left - MARGIN), INK, font(13))
        draw.rectangle((left, y + 2, left + max(1, count * scale), y + LINE - 4), BAR)
        draw.text((left + count * scale + 6, y), str(count), INK, font(13))
    sheet.save(path, optimize=True)


def histogram(values: Sequence[float], step: float, unit: str) -> dict[str, int]:
    """Counts of values in bins of ``step``, empty bins between included."""
    if not values:
        return {}
    low, high = int(min(values) // step), int(max(values) // step)
    counts = dict.fromkeys(range(low, high + 1), 0)
    for value in values:
        counts[int(value // step)] += 1
    return {f"{index * step:g} to {(index + 1) * step:g} {unit}": count for index, count in counts.items()}


def font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


def fitted(text: str, width: int) -> str:
    """The text, cut with an ellipsis where it would be wider than ``width`` pixels."""
    text = " ".join(text[:LONGEST].split())
    if font(13).getlength(text) <= width:
        return text
    fits = bisect_right(range(len(text)), width, key=lambda letters: font(13).getlength(text[:letters] + "…"))
    return text[: max(0, fits - 1)] + "…"
