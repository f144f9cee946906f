"""Whose spectrogram is this? Parameters for a picture without ours, each guess said in words."""

import re

import numpy as np
from PIL import Image

from spectrogram.codec.pixels import picture_array
from spectrogram.files.pictures import FIRST_KEY, exif_of, infotext, on_ground
from spectrogram.params import KEY, PRESETS, SpectrogramParams

# riffusion-hobby's private EXIF tags
RATE, STEREO, TRIPLE, STEP, WINDOW, PADDED = 11000, 11005, 11007, 11010, 11020, 11030
BANDS, LOW, HIGH, POWER, PEAK = 11040, 11050, 11060, 11070, 11080
INT16 = 32768
ENLARGED = (0.25, 0.5, 1.5, 2.0, 3.0, 4.0)
LOOKED_AT = 4096  # columns; enough to tell, whatever the width


def recognise(image: Image.Image) -> tuple[SpectrogramParams, list[str]]:
    """Parameters to decode the picture with, and the assumptions made: none when it carries its own.

    In order: our text, riffusion's EXIF, a generator's text that names a model, the lightness and size of the picture.
    `columns` is how wide the picture is once an enlargement is undone: `at_its_size` does that.
    """
    if isinstance(image.info.get(KEY), str):
        params, assumed = SpectrogramParams.from_image(image), []
    elif STEP in (exif := exif_of(image)) and BANDS in exif:
        params, assumed = _from_exif(exif, image), []
    else:
        params, assumed = _by_looks(image)
    params = params.replace(columns=_columns(image, params))
    if params.columns != image.width:
        assumed.append(
            f"enlarged: {image.width} x {image.height} pixels are read as {params.columns} x {params.height}"
        )
    elif params.height != image.height:
        assumed.append(f"{image.height} rows were resampled to the {params.height} bands of its format")
    if image.info.get(FIRST_KEY) is True:
        assumed.append("the file holds several pictures: the first was read")
    if KEY in image.info:
        return params, assumed
    if not params.absolute and params.peak is None:
        assumed.append("the loudness is not in the picture: the loudest sample is set to 0.9")
    return params, assumed + _format_notes(image)


def at_its_size(image: Image.Image, params: SpectrogramParams) -> Image.Image:
    """The picture as wide as `recognise` says; the rows are brought to the bands by the codec."""
    if image.width == params.columns:
        return image
    sized = on_ground(image).convert("RGB").resize((params.columns, params.height), Image.Resampling.BOX)
    sized.info, sized.format = dict(image.info), image.format
    return sized


def _columns(image: Image.Image, params: SpectrogramParams) -> int:
    """Columns before the picture was enlarged in both directions, as its text says, or as its height makes likely."""
    size = re.search(r"Size: (\d+)x(\d+)", infotext(image))
    if size and 0 < int(size[1]) <= image.width and int(size[2]) == params.height != image.height:
        return int(size[1])
    factor = image.height / params.height
    return max(2, round(image.width / factor)) if factor in ENLARGED else image.width


def _from_exif(exif: dict, image: Image.Image) -> SpectrogramParams:
    base = PRESETS["riffusion"]
    triple = bool(exif.get(TRIPLE))
    layout = "left_right" if exif.get(STEREO) else "bands" if triple else "grey"
    rate_hz, window_ms = int(exif.get(RATE, base.sample_rate_hz)), float(exif.get(WINDOW, base.window_ms))
    params = base.replace(
        sample_rate_hz=rate_hz,
        # riffusion truncates a step to whole samples
        step_ms=int(float(exif[STEP]) * rate_hz / 1000) * 1000 / rate_hz,
        window_ms=window_ms,
        padded_ms=float(exif.get(PADDED, base.padded_ms)),
        mel_bands=int(exif[BANDS]) // (3 if triple else 1),
        low_hz=float(exif.get(LOW, base.low_hz)),
        high_hz=min(float(exif.get(HIGH, base.high_hz)), rate_hz / 2),
        power=float(exif.get(POWER, base.power)),
        layout=layout,
    )
    if PEAK not in exif:
        return params
    # riffusion sums samples of ±32768 under a Hann window; ours are ±1 and a sine of amplitude 1 reads 1.
    return params.replace(peak=max(float(exif[PEAK]), 1e-9) / (INT16 * params.window_samples / 4))


def _by_looks(image: Image.Image) -> tuple[SpectrogramParams, list[str]]:
    name, reason, sure = _format_name(image)
    params = PRESETS[name]
    assumed = [f"read as `{name}` ({reason}): {params.low_hz:g}-{params.high_hz:g} Hz, {params.step_ms:g} ms a column"]
    # Whoever names the model knows its pictures: dense sound is dark in them and still not inverted.
    if params.curve == "power" and (_is_black(image) if sure else not _is_light(image)):
        params = params.replace(loud_is_white=True)
        assumed.append("mostly dark, so white is taken as loud")
    if name == "audio-diffusion" and image.height != params.mel_bands:
        params = params.replace(mel_bands=image.height)
        assumed.append(f"{image.height} bands, as audio-diffusion makes as many bands as rows")
    return params, assumed


def _format_name(image: Image.Image) -> tuple[str, str, bool]:
    """(preset, why, whether the picture itself says so)."""
    text = infotext(image)
    if re.search(r"riffusion", text, re.IGNORECASE):
        return "riffusion", "its text names riffusion", True
    if re.search(r"<lora:[^>]*epoch", text) and "v1-5" in text:
        return "dissertation", "its text names a LoRA of v1-5, as the dissertation's do", True
    if image.mode in ("L", "P") and image.width == image.height and image.width in (64, 128, 256, 512):
        if image.height == PRESETS["riffusion"].height and _is_light(image):
            return "riffusion", "grey, 512 rows, mostly light", False
        return "audio-diffusion", "a square grey picture without text", False
    if image.size == (PRESETS["mini"].width, PRESETS["mini"].height):
        return "mini", "256 x 128 pixels, the embedded model's size", False
    if text:
        return "riffusion", "made by a Stable Diffusion interface, whose usual spectrograms are riffusion's", False
    return ("riffusion", "mostly light", False) if _is_light(image) else ("sd15", "mostly dark, without text", False)


def _is_black(image: Image.Image) -> bool:
    """The upper quarter, where sound is rare, is black nearly everywhere: no sound is that dense."""
    return bool(np.percentile(_upper_quarter(image), 90) < 64)


def _is_light(image: Image.Image) -> bool:
    """Quiet pixels outnumber loud ones: the lightness of the upper quarter, where sound is rare, tells the polarity."""
    return bool(np.mean(_upper_quarter(image)) > 110)


def _upper_quarter(image: Image.Image) -> np.ndarray:
    part = on_ground(image).crop((0, 0, min(image.width, LOOKED_AT), max(1, image.height // 4)))
    return picture_array(part, PRESETS["sd15"].replace(mel_bands=part.height))


def _format_notes(image: Image.Image) -> list[str]:
    notes = {"JPEG": "JPEG: its blocks are heard as faint noise", "WEBP": "WebP may have lost detail"}
    modes = {"P": "palette colours were turned into greys", "RGBA": "transparency was laid on silence"}
    deep = ["16 bits were read at full depth"] if image.mode.startswith("I") else []
    found = [notes.get(getattr(image, "format", None)), modes.get(image.mode)]
    return [note for note in found if note] + deep
