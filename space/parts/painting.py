"""What is painted on the Edit tab's spectrogram: strokes as they are, in numbers, and as they are shown."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from space.parts.regions import hertz_at
from spectrogram.params import SpectrogramParams
from spectrogram.verbs.mask import mask_from_text, mask_to_text

# What is painted right up to an edge of the picture means: all that lies there.
EDGE_ROWS = 1
OUTLINE_PIXELS = 2


@dataclass(frozen=True)
class Painting:
    """`mask` as a recipe holds it ("" for none) and the numbers `region` that it gave: start_s, end_s, low_hz, high_hz.

    `restored`: it came with a recipe and waits for its sound. `forgotten`: strokes whose place typed numbers took; the
    canvas may tell of them once more.
    """

    mask: str = ""
    region: tuple = ()
    restored: bool = False
    forgotten: str = ""

    @classmethod
    def of(cls, mask: np.ndarray, params: SpectrogramParams, restored: bool = False) -> "Painting":
        return cls(mask_to_text(mask), region_of_mask(mask, params), restored)

    @classmethod
    def read(cls, text: str, params: SpectrogramParams) -> "Painting":
        """From a recipe; raises UsageProblem for a damaged one."""
        return cls.of(mask_from_text(text), params, restored=True)

    def holds(self, region: tuple) -> bool:
        """Whether the numbers are still those of the strokes: who typed others means a box."""
        start_s, end_s, low_hz, high_hz = region
        return bool(self.mask) and self.region == (start_s, end_s, low_hz or None, high_hz or None)

    def array(self) -> np.ndarray:
        return mask_from_text(self.mask)


def mask_of_layers(layers: list[Image.Image], seconds: float, params: SpectrogramParams) -> np.ndarray | None:
    """Booleans (bands, columns of the sound) of all that is painted on the canvas; None for nothing."""
    columns = max(1, round(seconds * params.columns / params.clip_seconds))
    painted = np.zeros((params.mel_bands, columns), bool)
    for layer in layers:
        alpha = layer.getchannel("A").resize((columns, params.mel_bands), Image.Resampling.BOX)
        painted |= np.asarray(alpha) > 127
    return painted if painted.any() else None


def region_of_mask(mask: np.ndarray, params: SpectrogramParams) -> tuple:
    """(start_s, end_s, low_hz or None, high_hz or None) around all that is painted; row 0 is the highest band."""
    columns, rows = (np.flatnonzero(mask.any(axis=axis)) for axis in (0, 1))
    if not len(columns):
        return None, None, None, None
    step_s, height = params.clip_seconds / params.columns, len(mask)
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    low = None if bottom >= height - EDGE_ROWS else round(hertz_at(1 - bottom / height, params))
    high = None if top <= EDGE_ROWS else round(hertz_at(1 - top / height, params))
    return round(float(columns[0] * step_s), 2), round(float((columns[-1] + 1) * step_s), 2), low, high


def layer_of(mask: np.ndarray, size: tuple[int, int]) -> Image.Image:
    """White strokes on a clear canvas of that size: the inverse of `mask_of_layers`, up to the size of its pixels."""
    alpha = Image.fromarray(mask.astype(np.uint8) * 255).resize(size, Image.Resampling.NEAREST)
    return Image.merge("RGBA", [Image.new("L", size, 255)] * 3 + [alpha])


def mark(picture: Image.Image, cover: Image.Image) -> Image.Image:
    """The picture, brighter and outlined where `cover` (L, the same size) is white: what will be painted anew."""
    edge = ImageChops.subtract(cover, cover.filter(ImageFilter.MinFilter(2 * OUTLINE_PIXELS + 1)))
    shade = ImageChops.lighter(edge, cover.point(lambda value: value * 90 // 255))
    return Image.composite(Image.new("RGB", picture.size, "white"), picture.convert("RGB"), shade)
