"""A spectrogram drawn for people: colours for loudness, seconds below, Hz at the left."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from spectrogram.codec.mel import edges_hz, warp
from spectrogram.codec.pixels import DECIBELS, levels_of, picture_array, unpack
from spectrogram.params import SpectrogramParams

LEFT, RIGHT, TOP, BOTTOM = 64, 16, 12, 40
SHOWN_DB = 90.0
PAPER, INK, LINE = (255, 255, 255), (40, 44, 52), (120, 126, 138)
# Dark blue over violet and orange to light yellow: even in lightness, so that it also reads in grey.
STOPS = np.array([(4, 5, 30), (60, 15, 110), (150, 35, 105), (225, 85, 50), (250, 170, 40), (252, 255, 200)], float)


def draw_axes(image, params: SpectrogramParams, height: int = 384) -> Image.Image:
    """Picture of the spectrogram in colour with axes; sounds of many channels show the planes one over the other."""
    planes = levels_of(unpack(picture_array(image, params), params), params)
    planes = (
        planes[:2] if params.layout == "left_right" else planes[:1] if params.layout != "stereo" else planes[[0, 2]]
    )
    panels = [_colour(plane).resize((max(480, plane.shape[1]), height // len(planes))) for plane in planes]
    width = panels[0].width
    view = Image.new("RGB", (LEFT + width + RIGHT, TOP + sum(panel.height + 6 for panel in panels) + BOTTOM), PAPER)
    draw, font = ImageDraw.Draw(view), ImageFont.load_default(12)
    top = TOP
    for panel in panels:
        view.paste(panel, (LEFT, top))
        _frequency_axis(draw, font, params, top, panel.height)
        top += panel.height + 6
    _time_axis(draw, font, params.hop_samples * planes.shape[2] / params.sample_rate_hz, top - 6, width)
    return view


def _colour(levels: np.ndarray) -> Image.Image:
    level_db = DECIBELS * np.log(np.maximum(levels, 1e-9))
    shade = np.clip((level_db - min(level_db.max(), 0.0)) / SHOWN_DB + 1, 0, 1)[::-1] * (len(STOPS) - 1)
    below = np.minimum(shade.astype(int), len(STOPS) - 2)
    part = (shade - below)[..., None]
    return Image.fromarray(np.rint(STOPS[below] * (1 - part) + STOPS[below + 1] * part).astype(np.uint8))


def _frequency_axis(draw, font, params: SpectrogramParams, top: int, height: int):
    edges = edges_hz(params)
    low, high = warp(params, [edges[0], edges[-1]])
    last = None
    for tick_hz in _frequency_ticks(params):
        y = round(top + height * (1 - (float(warp(params, tick_hz)) - low) / (high - low)))
        if last is not None and abs(last - y) < 16:
            continue
        last = y
        draw.line([(LEFT - 5, y), (LEFT - 1, y)], fill=LINE)
        text = f"{tick_hz / 1000:g} kHz" if tick_hz >= 1000 else f"{tick_hz:g} Hz"
        draw.text((LEFT - 8, y), text, fill=INK, font=font, anchor="rm")


def _frequency_ticks(params: SpectrogramParams) -> list[float]:
    steps = (0, 50, 100, 200, 500, 1000, 2000, 4000, 6000, 8000, 10000, 12000, 15000, 20000, 30000, 40000)
    return [tick_hz for tick_hz in steps if params.low_hz <= tick_hz <= params.high_hz]


def _time_axis(draw, font, seconds: float, bottom: int, width: int):
    step_s = next((step for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 600) if seconds / step <= 12), 3600)
    for index in range(int(seconds / step_s + 1e-6) + 1):
        x = LEFT + round(index * step_s / seconds * (width - 1))
        draw.line([(x, bottom), (x, bottom + 5)], fill=LINE)
        draw.text((x, bottom + 8), f"{index * step_s:g}", fill=INK, font=font, anchor="ma")
    draw.text((LEFT + width / 2, bottom + 22), "seconds", fill=INK, font=font, anchor="ma")
