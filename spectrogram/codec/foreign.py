"""Whose spectrogram is this? Parameters for a picture without ours, each guess said in words."""

import re

import numpy as np
from PIL import Image

from spectrogram.codec.pixels import picture_array
from spectrogram.params import KEY, PRESETS, SpectrogramParams

# riffusion-hobby's private EXIF tags
RATE, STEREO, TRIPLE, STEP, WINDOW, PADDED = 11000, 11005, 11007, 11010, 11020, 11030
BANDS, LOW, HIGH, POWER, PEAK = 11040, 11050, 11060, 11070, 11080
INT16 = 32768


def recognise(image: Image.Image) -> tuple[SpectrogramParams, list[str]]:
    """Parameters to decode the picture with, and the assumptions made: none when it carries its own.

    In order: our text, riffusion's EXIF, a generator's text that names a model, the lightness and size of the picture.
    """
    if isinstance(image.info.get(KEY), str):
        return SpectrogramParams.from_image(image), []
    exif = dict(image.getexif())
    if STEP in exif and BANDS in exif:
        params, assumed = _from_exif(exif, image), []
    else:
        params, assumed = _by_looks(image)
    if params.height != image.height:
        assumed.append(f"{image.height} rows were resampled to the {params.height} bands of its format")
    if not params.absolute and params.peak is None:
        assumed.append("the loudness is not in the picture: the loudest sample is set to 0.9")
    return params.replace(columns=image.width), assumed + _format_notes(image)


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
    name, reason = _format_name(image)
    params = PRESETS[name]
    assumed = [f"read as `{name}` ({reason}): {params.low_hz:g}-{params.high_hz:g} Hz, {params.step_ms:g} ms a column"]
    if params.curve == "power" and not _is_light(image):
        params = params.replace(loud_is_white=True)
        assumed.append("mostly dark, so white is taken as loud")
    if name == "audio-diffusion" and image.height != params.mel_bands:
        params = params.replace(mel_bands=image.height)
        assumed.append(f"{image.height} bands, as audio-diffusion makes as many bands as rows")
    return params, assumed


def _format_name(image: Image.Image) -> tuple[str, str]:
    text = " ".join(str(image.info.get(key, "")) for key in ("parameters", "prompt", "workflow"))
    if re.search(r"riffusion", text, re.IGNORECASE):
        return "riffusion", "its text names riffusion"
    if re.search(r"<lora:[^>]*epoch", text) and "v1-5" in text:
        return "dissertation", "its text names a LoRA of v1-5, as the dissertation's do"
    if image.mode in ("L", "P") and image.width == image.height and image.width in (64, 128, 256, 512):
        return "audio-diffusion", "a square grey picture without text"
    if image.size == (PRESETS["mini"].width, PRESETS["mini"].height):
        return "mini", "256 x 128 pixels, the embedded model's size"
    if text.strip():
        return "riffusion", "made by a Stable Diffusion interface, whose usual spectrograms are riffusion's"
    return ("riffusion", "mostly light") if _is_light(image) else ("sd15", "mostly dark, without text")


def _is_light(image: Image.Image) -> bool:
    """Quiet pixels outnumber loud ones: the lightness of the upper half, where sound is rare, tells the polarity."""
    values = picture_array(image, PRESETS["sd15"].replace(mel_bands=image.height))
    return bool(np.mean(values[: max(1, image.height // 4)]) > 110)


def _format_notes(image: Image.Image) -> list[str]:
    notes = {"JPEG": "JPEG: its blocks are heard as faint noise", "WEBP": "WebP may have lost detail"}
    modes = {"P": "palette colours were turned into greys", "RGBA": "transparency was laid on black"}
    deep = ["16 bits were read at full depth"] if image.mode.startswith("I") else []
    found = [notes.get(getattr(image, "format", None)), modes.get(image.mode)]
    return [note for note in found if note] + deep
