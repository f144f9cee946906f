"""The spectrogram as people see it: coloured, with places for seconds and hertz. The colours also read in grey."""

from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

import numpy as np
from PIL import Image

from spectrogram.codec.mel import warp
from spectrogram.params import SpectrogramParams

# Brightness rises evenly from black to a warm white, hue only helps: print it in grey and nothing is lost.
ANCHORS = (
    (6, 8, 20),
    (24, 30, 72),
    (58, 42, 122),
    (112, 52, 140),
    (168, 66, 130),
    (222, 98, 96),
    (247, 154, 78),
    (252, 244, 200),
)
TICKS_HZ = (50, 100, 200, 500, 1000, 2000, 4000, 8000, 16000)
# Below this share of the range a pixel is drawn black, above the second one white: generated sound lives between.
DARKEST, BRIGHTEST = 0.12, 0.92


@lru_cache(maxsize=1)
def colours() -> np.ndarray:
    """256 colours (256, 3) uint8, interpolated between the anchors and stretched to the useful range."""
    share = np.clip((np.linspace(0, 1, 256) - DARKEST) / (BRIGHTEST - DARKEST), 0, 1)
    places = np.linspace(0, 1, len(ANCHORS))
    planes = [np.interp(share, places, [anchor[plane] for anchor in ANCHORS]) for plane in range(3)]
    return np.rint(np.stack(planes, axis=1)).astype(np.uint8)


def colour_picture(image: Image.Image, columns: int) -> Image.Image:
    """The first `columns` of a spectrogram picture in colour; palette PNG-able, same size as its pixels."""
    grey = np.asarray(image.convert("L"))[:, :columns]
    return Image.fromarray(colours()[grey])


def frequency_ticks(params: SpectrogramParams) -> list[tuple[float, str]]:
    """(height as a share from the bottom, label) of round frequencies, at least 9 % apart."""
    low, high = (float(value) for value in warp(params, [params.low_hz, params.high_hz]))
    ticks: list[tuple[float, str]] = []
    for hertz in TICKS_HZ:
        if params.low_hz < hertz < params.high_hz:
            height = (float(warp(params, hertz)) - low) / (high - low)
            if height < 0.97 and (not ticks or height - ticks[-1][0] > 0.09):
                ticks.append((height, f"{hertz // 1000} kHz" if hertz >= 1000 else f"{hertz} Hz"))
    return ticks


def time_ticks(seconds: float) -> list[tuple[float, str]]:
    """(share from the left, label) of four to eight round times."""
    step_s = next((step for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60) if seconds / step <= 8), 120)
    count = int(seconds / step_s + 1e-9)
    return [(i * step_s / seconds, f"{i * step_s:g} s") for i in range(count + 1) if i * step_s / seconds < 0.99]


def file_address(path: str | Path) -> str:
    """Where the page finds a file of the store; relative, so that it holds behind a proxy with a path of its own."""
    return f"gradio_api/file={quote(str(path))}"
