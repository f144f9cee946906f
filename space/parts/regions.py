"""A region of a sound in numbers: seconds and hertz, where they lie in the picture, what of them is in the sound."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from space.store.views import colour_picture, frequency_ticks, time_ticks
from spectrogram.codec import SpectrogramCodec
from spectrogram.codec.mel import warp
from spectrogram.files.audio import read_audio
from spectrogram.params import SpectrogramParams
from spectrogram.problems import UsageProblem

CANVAS = (640, 288)
TICK_PIXELS, LETTER_PIXELS = 7, 17
SHORTEST_S = 0.1


def canvas_of(path: str, pipeline, seconds: float) -> Image.Image:
    """The coloured spectrogram of all of a sound, stretched to the canvas that is painted on."""
    params = pipeline.params_for(seconds=seconds)
    picture = SpectrogramCodec(params).encode(*read_audio(path, seconds=seconds))
    columns = max(1, min(params.columns, round(params.columns * seconds / params.clip_seconds)))
    return colour_picture(picture, columns).resize(CANVAS, Image.Resampling.BILINEAR)


def with_axes(picture: Image.Image, seconds: float, params: SpectrogramParams) -> Image.Image:
    """The picture with seconds along its lower edge and hertz along its right one, drawn inside of it."""
    shown = picture.convert("RGB")
    pencil, font = ImageDraw.Draw(shown), ImageFont.load_default(LETTER_PIXELS)
    width, height = shown.size
    outlined = {"fill": "white", "font": font, "stroke_width": 2, "stroke_fill": "black"}
    for share, label in frequency_ticks(params):
        row = height * (1 - share)
        if row > height - 2 * LETTER_PIXELS:  # it would stand on a second
            continue
        pencil.line([(width - TICK_PIXELS, row), (width, row)], fill="white", width=1)
        pencil.text((width - TICK_PIXELS - 3, row), label, anchor="rm", **outlined)
    for share, label in time_ticks(seconds)[1:]:
        column = width * share
        pencil.line([(column, height - TICK_PIXELS), (column, height)], fill="white", width=1)
        pencil.text((column, height - TICK_PIXELS - 2), label, anchor="mb", **outlined)
    return shown


def hertz_at(share: float, params: SpectrogramParams) -> float:
    """The frequency at a height 0 (bottom) … 1 of the picture; the inverse of `warp` by interpolation."""
    grid_hz = np.geomspace(max(params.low_hz, 1.0), params.high_hz, 4096)
    places = np.asarray(warp(params, grid_hz))
    low, high = (float(value) for value in warp(params, [params.low_hz, params.high_hz]))
    return float(np.interp(low + share * (high - low), places, grid_hz))


def clamp_region(start_s, end_s, low_hz, high_hz, seconds: float) -> tuple[tuple, tuple[str, ...]]:
    """((start_s, end_s, low_hz, high_hz), notes) within the clip; raises UsageProblem when nothing is left."""
    if start_s is None or end_s is None:
        raise UsageProblem(
            "nothing is painted, and From and To are empty",
            "a region",
            "paint on the spectrogram, or type From and To in seconds",
        )
    if start_s >= end_s:
        raise UsageProblem(f"From is {start_s:g} s and To is {end_s:g} s", "From before To", "exchange them")
    low_hz, high_hz = low_hz or None, high_hz or None
    if low_hz is not None and high_hz is not None and low_hz >= high_hz:
        raise UsageProblem(f"the band is {low_hz:g} to {high_hz:g} Hz", "low below high", "exchange them")
    begin_s, stop_s = max(0.0, start_s), min(seconds, end_s)
    if stop_s - begin_s < SHORTEST_S:
        raise UsageProblem(
            f"the region is {start_s:g} to {end_s:g} s",
            f"at least {SHORTEST_S} s within 0 to {seconds:.2f} s",
            "move it",
        )
    notes = ()
    if (begin_s, stop_s) != (start_s, end_s):
        notes = (f"The region was cut to the sound: {begin_s:.2f} to {stop_s:.2f} s.",)
    return (begin_s, stop_s, low_hz, high_hz), notes


def cover_of_region(region: tuple, size: tuple[int, int], seconds: float, params: SpectrogramParams) -> Image.Image:
    """White (L) where the region lies in a picture of that size, black elsewhere."""
    start_s, end_s, low_hz, high_hz = region
    width, height = size
    low, high = (float(value) for value in warp(params, [params.low_hz, params.high_hz]))
    top, bottom = (
        height * (1 - (float(warp(params, min(max(hertz, params.low_hz), params.high_hz))) - low) / (high - low))
        for hertz in (high_hz or params.high_hz, low_hz or params.low_hz)
    )
    cover = Image.new("L", size, 0)
    box = [width * start_s / seconds, top, width * end_s / seconds - 1, max(top, bottom - 1)]
    ImageDraw.Draw(cover).rectangle(box, fill=255)
    return cover
