"""A mask painted over a spectrogram: what it means in seconds and hertz, in latents, and in the mix of two sounds.

White (or painted, where the picture has transparency) is to be changed. Row 0 is the highest band, as in pictures.
"""

import base64
import binascii
import io
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from scipy.ndimage import distance_transform_edt, map_coordinates

from spectrogram.codec.mel import warp
from spectrogram.codec.stft import istft, stft
from spectrogram.files.pictures import read_picture
from spectrogram.params import SpectrogramParams
from spectrogram.problems import UsageProblem

FEATHER_PIXELS = 3.0
MIX_STEP_MS, MIX_WINDOW_MS = 10.0, 40.0
LARGEST_PIXELS = 1 << 24


def read_mask(mask, params: SpectrogramParams, seconds: float) -> np.ndarray:
    """Booleans (bands, columns of step_ms) that cover the sound; raises UsageProblem for an empty mask.

    mask: a picture, its path, or an array of booleans, bytes or floats 0 to 1. As wide as the sound's picture it lies
    over that picture; with any other width it is stretched over the sound.
    """
    picture = _grey(mask)
    columns = max(1, round(seconds * params.columns / params.clip_seconds))
    if picture.width != params.columns:
        picture = picture.resize((columns, params.mel_bands), Image.Resampling.BOX)
    elif picture.height != params.mel_bands:
        picture = picture.resize((params.columns, params.mel_bands), Image.Resampling.BOX)
    painted = np.asarray(picture)[:, :columns] > 127
    if not painted.any():
        raise UsageProblem("the mask is empty", "white where the sound is to change", "paint it over the spectrogram")
    return painted


def _grey(mask) -> Image.Image:
    if isinstance(mask, str | Path):
        mask = read_picture(mask)
    if not isinstance(mask, Image.Image):
        values = np.asarray(mask)
        if values.ndim != 2 or not values.size:
            raise UsageProblem(f"the mask is an array {values.shape}", "(rows, columns)", "pass one plane of it")
        full = values if values.dtype == np.uint8 else np.clip(values.astype(np.float32), 0, 1) * 255
        return Image.fromarray(full.astype(np.uint8))
    if mask.mode in ("RGBA", "LA") and np.ptp(np.asarray(mask.getchannel("A"))) > 0:
        return mask.getchannel("A")
    return mask.convert("L")


def mask_to_text(mask: np.ndarray) -> str:
    """Booleans (bands, columns) as the text of a one-bit PNG, 1 to 2 kB for a few strokes: what a recipe holds."""
    data = io.BytesIO()
    Image.fromarray(mask).save(data, "PNG", optimize=True)
    return base64.b64encode(data.getvalue()).decode()


def mask_from_text(text: str) -> np.ndarray:
    """The inverse of `mask_to_text`, nothing is lost; raises UsageProblem on anything else."""
    try:
        with Image.open(io.BytesIO(base64.b64decode(text, validate=True)), formats=["PNG"]) as picture:
            if picture.width * picture.height > LARGEST_PIXELS:
                raise ValueError("it is too large")
            return np.asarray(picture.convert("1"))
    except (binascii.Error, UnidentifiedImageError, OSError, SyntaxError, ValueError, TypeError) as error:
        what = f"the recipe's mask is damaged ({error})"
        raise UsageProblem(what, "a one-bit PNG as text", "paint it again") from error


def bounds_s(mask: np.ndarray, params: SpectrogramParams) -> tuple[float, float]:
    """First and last second that the mask touches."""
    touched = np.flatnonzero(mask.any(axis=0))
    step_s = params.clip_seconds / params.columns
    return float(touched[0] * step_s), float((touched[-1] + 1) * step_s)


def latents_of(mask: np.ndarray, params: SpectrogramParams, view_s: float, factor: int) -> np.ndarray:
    """0 or 1 (height, width) for the latents of a picture that begins at `view_s`: 1 where the mask touches one."""
    first = round(view_s * params.columns / params.clip_seconds)
    seen = mask[:, first : first + params.columns]
    seen = np.pad(seen, ((0, 0), (0, params.columns - seen.shape[1])))
    cells = seen.reshape(params.height // factor, factor, params.columns // factor, factor)
    return cells.any(axis=(1, 3)).astype(np.float32)


def compose_masked(original: np.ndarray, painted: np.ndarray, rate_hz: int, mask: np.ndarray, params) -> np.ndarray:
    """The original (channels, samples) with the painted sound where the mask is, by a gain in time and frequency.

    The gain rises over three pixels inside the mask. Farther than a window of 40 ms from it in time, samples are the
    original's, exactly; above the model's highest frequency nothing changes.
    """
    grid = SpectrogramParams(rate_hz, MIX_STEP_MS, MIX_WINDOW_MS, 8, 0.0, rate_hz / 2, 8)
    samples = original.shape[1]
    frames = -(-samples // grid.hop_samples) + 4
    gain = _gain(mask, params, grid, frames)
    change = [istft(gain * stft(channel, grid, frames), grid, samples) for channel in painted - original]
    return (original + np.stack(change)).astype(np.float32)


def _gain(mask: np.ndarray, params: SpectrogramParams, grid: SpectrogramParams, frames: int) -> np.ndarray:
    """0 to 1 (frames, bins) on the grid of the mix."""
    # A mask without a border anywhere has no distance to it.
    soft = np.clip(distance_transform_edt(mask) / FEATHER_PIXELS, 0, 1) if not mask.all() else np.ones(mask.shape)
    times_s = (np.arange(frames) + 0.5) * grid.hop_samples / grid.sample_rate_hz
    bins_hz = np.arange(grid.fft_samples // 2 + 1) * grid.sample_rate_hz / grid.fft_samples
    low, high = warp(params, [params.low_hz, params.high_hz])
    rows = (high - warp(params, np.maximum(bins_hz, params.low_hz))) / (high - low) * params.mel_bands - 0.5
    columns = times_s * params.columns / params.clip_seconds - 0.5
    places = np.meshgrid(np.maximum(rows, 0), columns, indexing="ij")
    gain = map_coordinates(soft, places, order=1, mode="nearest")
    gain[bins_hz > params.high_hz] = 0
    return gain.T.astype(np.float32)
