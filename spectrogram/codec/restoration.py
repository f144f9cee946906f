"""Pictures that came through a VAE, sharpened before they are read: blur and noise are measured, then undone linearly.

A spectrogram has a grain of its own (window and hop fix it, not the sound), so second differences at two distances tell
how far a picture was blurred and what noise was laid on it. For each such kind of damage there is a least-squares
(Wiener) kernel, made by `spectrogram.codec.fitting.restoration`; a picture with the grain of a clean one is left alone.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from spectrogram.codec.compiled import compiled
from spectrogram.codec.learned_inverse import require_not_shipped
from spectrogram.codec.pixels import picture_array
from spectrogram.params import SpectrogramParams

FOLDER = Path(__file__).parent / "restorations"
SHIPPED = ("4329c13385f8", "851c177555c3", "c86de1daa704")
FARTHEST = 4  # pixels between those that the grain is told from
REACH = 3  # pixels to each side that a kernel sees
LOUD = 110.0  # values below the brightest pixel that still count as picture
LEAST_PIXELS = 250  # loud ones, of every fourth, that the grain can be told from
MARGIN, STRANGEST = 14.0, 16.0  # squared distances in standard deviations: better than clean by, and at most


@dataclass(frozen=True)
class Restoration:
    """Kinds of damage, the first of them none: names, mean grain (kinds, features), the inverse of its covariance
    (kinds, features, features), kernels (kinds, 2·REACH + 1, 2·REACH + 1)."""

    names: tuple[str, ...]
    grain: np.ndarray
    precision: np.ndarray
    kernels: np.ndarray

    def kind_of(self, grain: np.ndarray) -> int:
        """Which kind of damage has this grain; 0 (none) where that is nearly as likely, or no kind is near."""
        away = grain - self.grain
        distance = np.einsum("ki,kij,kj->k", away, self.precision, away)
        best = int(np.argmin(distance))
        return best if distance[best] < STRANGEST and distance[best] + MARGIN < distance[0] else 0


def restoration_path(params: SpectrogramParams) -> Path:
    """Where the kernels for these parameters lie, whatever the width; the planes of stereo are grey pictures."""
    plain = params.replace(columns=1, layout="grey" if params.layout == "stereo" else params.layout)
    return FOLDER / f"{plain.fingerprint}.npz"


@lru_cache(maxsize=4)
def load_restoration(params: SpectrogramParams) -> Restoration | None:
    """Kernels for these parameters, or None where none were made; raises EnvironmentProblem where they got lost."""
    path = restoration_path(params)
    if not path.is_file():
        require_not_shipped(path, SHIPPED)
        return None
    with np.load(path, allow_pickle=False) as file:
        names = [str(name) for name in file["names"]]
        # A smooth picture without noise may well be a smooth sound: such kinds are never assumed.
        kept = [index for index, name in enumerate(names) if not name.endswith("noise 0")]
        arrays = (file[key][kept].astype(np.float32) for key in ("grain", "precision", "kernels"))
        return Restoration(tuple(names[index] for index in kept), *arrays)


def restored(image, params: SpectrogramParams, restoration: Restoration | None):
    """The picture sharpened as its kind of damage wants, floats 0..1 (rows, columns, 3); the very picture that was
    given where nothing is to be done."""
    planes, kind = _examine(image, params, restoration)
    if kind == 0:
        return image
    sharp = [_correlate(np.pad(plane, REACH, mode="edge"), restoration.kernels[kind]) for plane in planes]
    return np.stack(sharp * (3 // len(sharp)), axis=2) / np.float32(255)


def damage_of(image, params: SpectrogramParams) -> str | None:
    """Name of the damage that `restored` would undo in this picture, if any."""
    restoration = load_restoration(params)
    _, kind = _examine(image, params, restoration)
    return restoration.names[kind] if kind else None


def _examine(image, params: SpectrogramParams, restoration: Restoration | None) -> tuple[list[np.ndarray], int]:
    """The different planes of the picture, one where it is grey, and its kind of damage."""
    if restoration is None:
        return [], 0
    picture = np.asarray(image) if isinstance(image, Image.Image) and image.mode == "RGB" else image
    if not isinstance(picture, np.ndarray) or picture.dtype != np.uint8 or picture.ndim != 3:
        picture = picture_array(image, params)
    grey = np.array_equal(picture[..., 0], picture[..., 1]) and np.array_equal(picture[..., 0], picture[..., 2])
    planes = [picture[..., index].astype(np.float32, order="C") for index in range(1 if grey else 3)]
    grains = [grain for plane in planes if (grain := measure_grain(plane)) is not None]
    return planes, restoration.kind_of(np.mean(grains, axis=0)) if grains else 0


def measure_grain(plane: np.ndarray) -> np.ndarray | None:
    """Logarithms of the RMS of second differences of the loud pixels; None where there are too few.

    Over both axes at once by 1, 2, 3 and 4 pixels, where a sound's own lines cancel; then over frequency, over time.
    """
    sums, count = _second_differences(plane, np.float32(max(float(plane.max()) - LOUD, 20)))
    return 0.5 * np.log(sums / count + 0.05) if count >= LEAST_PIXELS else None


@compiled
def _second_differences(plane, least):
    sums, count = np.zeros(FARTHEST + 2, np.float64), 0
    for row in range(FARTHEST, plane.shape[0] - FARTHEST):
        for column in range(FARTHEST + row % 4, plane.shape[1] - FARTHEST, 4):
            here = plane[row, column]
            if here <= least:
                continue
            count += 1
            for far in range(1, FARTHEST + 1):
                over_time = plane[row, column - far] - 2 * here + plane[row, column + far]
                above = plane[row - far, column - far] - 2 * plane[row - far, column] + plane[row - far, column + far]
                below = plane[row + far, column - far] - 2 * plane[row + far, column] + plane[row + far, column + far]
                sums[far - 1] += (above - 2 * over_time + below) ** 2 / 36
                if far == 1:
                    over_bands = plane[row - 1, column] - 2 * here + plane[row + 1, column]
                    sums[FARTHEST] += over_bands**2 / 6
                    sums[FARTHEST + 1] += over_time**2 / 6
    return sums, count


@compiled
def _correlate(padded, kernel):
    """The plane inside its padding, weighted with the kernel around each pixel, kept within 0..255."""
    reach = kernel.shape[0] // 2
    rows, columns = padded.shape[0] - 2 * reach, padded.shape[1] - 2 * reach
    result = np.zeros((rows, columns), np.float32)
    for row in range(rows):
        for down in range(kernel.shape[0]):
            for right in range(kernel.shape[1]):
                weight = kernel[down, right]
                for column in range(columns):
                    result[row, column] += weight * padded[row + down, column + right]
        for column in range(columns):
            result[row, column] = min(max(result[row, column], np.float32(0)), np.float32(255))
    return result
