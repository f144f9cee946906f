"""Band magnitudes to bytes and back, and how planes of bytes lie in a picture.

Levels are linear magnitudes (planes, bands, frames), band 0 the lowest, full-scale sine = 1.
Pixels are (rows, columns, 3).
"""

import numpy as np
from PIL import Image

from spectrogram.codec.compiled import compiled
from spectrogram.files.pictures import on_ground
from spectrogram.params import SpectrogramParams
from spectrogram.problems import PictureProblem

DECIBELS = np.float32(20 / np.log(10))
SILENT_DB = 60.0  # how far below the range black lies when a picture is read
FULL = np.float32(255)


def quantise(levels: np.ndarray, params: SpectrogramParams) -> np.ndarray:
    """Bytes (planes, bands, frames).

    In decibels what rounding leaves over is carried into the next frame of the band: no byte is off by more than one
    step (range_db/255), and the mean over time, from which the pitch of a steady tone is told, keeps what lies between
    two steps. Curves of other programs are rounded as they round, and so are stereo planes, whose small differences are
    the side.
    """
    peak = params.peak or (1.0 if params.absolute else max(float(levels.max()), 1e-12))
    if params.curve == "db":
        shade = 1 + DECIBELS / np.float32(params.range_db) * np.log(
            np.maximum(levels / np.float32(peak), np.float32(1e-12))
        )
    else:
        shade = (levels / np.float32(peak)) ** np.float32(params.power)
    shade = np.clip(shade, 0, 1)
    values = FULL * (shade if params.loud_is_white else 1 - shade)
    if params.curve == "db" and len(values) == 1:
        return carried(values)
    return np.rint(values).astype(np.uint8)


@compiled
def carried(values):
    """Values 0..255 (planes, bands, frames) as bytes; the sums over frames are the rounded sums of the values."""
    planes, bands, frames = values.shape
    rounded = np.empty((planes, bands, frames), np.uint8)
    for plane in range(planes):
        for band in range(bands):
            rest = 0.0
            for frame in range(frames):
                rest += values[plane, band, frame]
                byte = np.rint(rest)
                rounded[plane, band, frame] = np.uint8(byte)
                rest -= byte
    return rounded


def levels_of(shades: np.ndarray, params: SpectrogramParams) -> np.ndarray:
    """Linear magnitudes for pixel values 0..255, floats allowed; a black (or white) pixel is silence."""
    shade = shades / FULL if params.loud_is_white else 1 - shades / FULL
    peak = np.float32(params.peak or 1.0)
    if params.curve == "power":
        return peak * np.maximum(shade, 0) ** np.float32(1 / params.power)
    # The lowest half step fades to SILENT_DB below the range: a step there would click on every blurred edge.
    level_db = np.float32(params.range_db) * (shade - 1) - SILENT_DB * np.maximum(0, 1 - 2 * FULL * shade)
    return peak * np.exp(level_db / DECIBELS)


def pack(planes: np.ndarray, params: SpectrogramParams) -> np.ndarray:
    """Picture (rows, columns, 3) of planes (planes, bands, frames), highest band in row 0."""
    if params.layout == "bands":
        colours = planes[0].reshape(params.mel_bands, 3, -1).transpose(0, 2, 1)
    elif params.layout == "frames":
        colours = planes[0].reshape(len(planes[0]), -1, 3)
    elif params.layout == "stereo":
        colours = planes.transpose(1, 2, 0)
    elif params.layout == "left_right":
        colours = np.stack([np.zeros_like(planes[0]), planes[0], planes[1]], axis=2)
    else:
        colours = np.repeat(planes[0][..., None], 3, axis=2)
    return np.ascontiguousarray(colours[::-1] if params.highest_first else colours)


def unpack(picture: np.ndarray, params: SpectrogramParams) -> np.ndarray:
    """Planes (planes, bands, frames) of a picture (rows, columns, 3): undoes `pack`; grey is the colours' mean."""
    colours = picture[::-1] if params.highest_first else picture
    if params.layout == "bands":
        return colours.transpose(0, 2, 1).reshape(1, params.bands, -1)
    if params.layout == "frames":
        return colours.reshape(1, len(colours), -1)
    if params.layout == "stereo":
        return colours.transpose(2, 0, 1)
    if params.layout == "left_right":
        return colours[..., 1:].transpose(2, 0, 1)
    return colours.mean(axis=2, dtype=np.float32)[None]


def picture_array(image, params: SpectrogramParams) -> np.ndarray:
    """Float32 values 0..255 (mel_bands, columns, 3) of a PIL picture of any mode, or an array of bytes or floats 0..1.

    A picture of another height is resampled to mel_bands rows; its width stays, and with it the duration.
    """
    if isinstance(image, np.ndarray):
        return _fit_rows(_from_array(image), params)
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=np.float32)
        deep = image.mode.startswith("I;16") or values.max(initial=0) > 255
        return _fit_rows(np.repeat((values / (257 if deep else 1))[..., None], 3, axis=2), params)
    image = on_ground(image, "black" if params.loud_is_white else "white")  # where silence is
    return _fit_rows(np.asarray(image.convert("RGB"), dtype=np.float32), params)


def _from_array(values: np.ndarray) -> np.ndarray:
    if values.ndim == 2:
        values = np.repeat(values[..., None], 3, axis=2)
    if values.ndim != 3 or values.shape[2] != 3 or not values.size:
        raise PictureProblem(
            f"the picture is an array {values.shape}", "(rows, columns) or (rows, columns, 3)", "reshape it"
        )
    if values.dtype == np.uint8:
        return values.astype(np.float32)
    if not np.issubdtype(values.dtype, np.floating) or not np.isfinite(values).all():
        raise PictureProblem(f"the picture holds {values.dtype} values", "bytes, or finite floats 0 to 1", "convert it")
    return np.clip(values, 0, 1).astype(np.float32) * FULL


def read_planes(image, params: SpectrogramParams) -> np.ndarray:
    """Linear magnitudes (planes, bands, frames) of a picture: `levels_of` its planes; bytes go through a table."""
    if isinstance(image, Image.Image) and image.mode == "RGB":
        image = np.asarray(image)
    bytes_ = isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim == 3
    if not bytes_ or image.shape[::2] != (params.mel_bands, 3):
        return levels_of(unpack(picture_array(image, params), params), params)
    if params.layout != "grey":
        table = levels_of(np.arange(256, dtype=np.float32), params)
        return np.take(table, unpack(image, params))
    summed = image[..., 0] + image[..., 1].astype(np.uint16) + image[..., 2]
    table = levels_of(np.arange(3 * 255 + 1, dtype=np.float32) / 3, params)
    return np.take(table, summed[::-1] if params.highest_first else summed)[None]


def _fit_rows(picture: np.ndarray, params: SpectrogramParams) -> np.ndarray:
    if picture.shape[0] == params.mel_bands:
        return picture
    size = (picture.shape[1], params.mel_bands)
    planes = [np.asarray(Image.fromarray(picture[..., i]).resize(size, Image.Resampling.BICUBIC)) for i in range(3)]
    return np.clip(np.stack(planes, axis=2), 0, 255)
