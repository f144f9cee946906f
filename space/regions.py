"""A region of a sound as people give it: painted on the picture, or as seconds and hertz."""

import numpy as np
from PIL import Image, ImageDraw

from space.views import colour_picture
from spectrogram.audio_io import read_audio
from spectrogram.codec import SpectrogramCodec
from spectrogram.mel import warp
from spectrogram.params import SpectrogramParams
from spectrogram.problems import UsageProblem

CANVAS = (640, 320)
# What is painted right up to an edge of the picture means: all that lies there.
EDGE_ROWS = 3
SHORTEST_S = 0.1


def canvas_of(path: str, pipeline, seconds: float) -> Image.Image:
    """The coloured spectrogram of all of a sound, stretched to the canvas that is painted on."""
    params = pipeline.params_for(seconds=seconds)
    picture = SpectrogramCodec(params).encode(*read_audio(path, seconds=seconds))
    columns = max(1, min(params.columns, round(params.columns * seconds / params.clip_seconds)))
    return colour_picture(picture, columns).resize(CANVAS, Image.Resampling.BILINEAR)


def painted_box(layers: list) -> tuple[int, int, int, int] | None:
    """(left, top, right, bottom) in pixels of all that is painted on the layers; None for an empty mask."""
    boxes = [layer.getchannel("A").point(lambda value: 255 * (value > 0)).getbbox() for layer in layers]
    boxes = [box for box in boxes if box]
    if not boxes:
        return None
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def region_of_box(box, size: tuple[int, int], seconds: float, params: SpectrogramParams) -> tuple:
    """(start_s, end_s, low_hz or None, high_hz or None) of a box in a picture of that size."""
    left, top, right, bottom = box
    width, height = size
    low = None if bottom >= height - EDGE_ROWS else round(hertz_at(1 - bottom / height, params))
    high = None if top <= EDGE_ROWS else round(hertz_at(1 - top / height, params))
    return round(seconds * left / width, 2), round(seconds * right / width, 2), low, high


def hertz_at(share: float, params: SpectrogramParams) -> float:
    """The frequency at a height 0 (bottom) … 1 of the picture; the inverse of `warp` by interpolation."""
    grid_hz = np.geomspace(max(params.low_hz, 1.0), params.high_hz, 4096)
    places = np.asarray(warp(params, grid_hz))
    low, high = (float(value) for value in warp(params, [params.low_hz, params.high_hz]))
    return float(np.interp(low + share * (high - low), places, grid_hz))


def clamp_region(start_s, end_s, low_hz, high_hz, seconds: float) -> tuple[tuple, tuple[str, ...]]:
    """((start_s, end_s, low_hz, high_hz), notes) within the clip; raises UsageProblem when nothing is left."""
    if start_s is None or end_s is None:
        raise UsageProblem("the region has no edges", "From and To in seconds", "type them or paint the region")
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


def mark_region(picture: Image.Image, region: tuple, seconds: float, params: SpectrogramParams) -> Image.Image:
    """The picture with the region hatched: what is going to be painted anew."""
    start_s, end_s, low_hz, high_hz = region
    width, height = picture.size
    low, high = (float(value) for value in warp(params, [params.low_hz, params.high_hz]))
    heights = [
        height * (1 - (float(warp(params, min(max(hertz, params.low_hz), params.high_hz))) - low) / (high - low))
        for hertz in (high_hz or params.high_hz, low_hz or params.low_hz)
    ]
    marked = picture.convert("RGB").copy()
    draw = ImageDraw.Draw(marked, "RGBA")
    box = [width * start_s / seconds, heights[0], width * end_s / seconds - 1, heights[1] - 1]
    draw.rectangle(box, fill=(255, 255, 255, 90), outline=(255, 255, 255, 255), width=2)
    return marked
