"""Changes of training clips. Levels in dB are (frames, bands); sounds that are mixed add their powers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bioacoustics.classifiers.front_end import LOWEST_DB


@dataclass(frozen=True)
class Augmentation:
    """``mixup``: the Beta parameter (0 none).  ``noise_db``: the range of ratios at which ``noise`` clips are added.

    ``masks``: SpecAugment's number of masks on each side (Park et al., Interspeech 2019), ``mask_share`` how much of a
    side one may cover.  ``shift``: share of clips moved in time, the end coming back at the beginning.
    """

    mixup: float = 0.3
    masks: int = 2
    mask_share: float = 0.15
    shift: float = 0.9
    noise_share: float = 0.3
    noise_db: tuple[float, float] = (5.0, 25.0)
    tilt_db: float = 6.0


NONE = Augmentation(mixup=0.0, masks=0, shift=0.0, noise_share=0.0, tilt_db=0.0)


def at_ratio(db: np.ndarray, noise_db: np.ndarray, ratio_db: float) -> np.ndarray:
    """A clip with noise ``ratio_db`` below it: mean power of the clip's louder half over mean power of the noise."""
    power, noise = 10 ** (db / 10), 10 ** (noise_db / 10)
    frames = np.sort(power.sum(axis=1))[len(power) // 2 :].mean()
    scale = frames / max(noise.sum(axis=1).mean(), 1e-20) / 10 ** (ratio_db / 10)
    return 10 * np.log10(np.maximum(power + scale * noise, 10 ** (LOWEST_DB / 10)))


def changed(db: np.ndarray, noise: np.ndarray | None, settings: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Levels moved in time, tilted in colour, with noise added: what leaves the label as it is."""
    if rng.random() < settings.shift:
        db = np.roll(db, rng.integers(len(db)), axis=0)
    if settings.tilt_db:
        db = db + np.linspace(-1, 1, db.shape[1], dtype=np.float32) * rng.uniform(-settings.tilt_db, settings.tilt_db)
    if rng.random() < settings.noise_share:
        noise = noise if noise is not None else coloured_noise(db.shape, rng)
        db = at_ratio(db, noise, rng.uniform(*settings.noise_db))
    return db


def coloured_noise(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Steady noise of a random colour in dB, for sets that come without recordings of weather."""
    slope = np.linspace(0, rng.uniform(-30, 10), shape[1])
    return slope + 10 * np.log10(rng.exponential(size=shape) + 1e-6)


def masked(levels: np.ndarray, settings: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Levels with stretches of time and bands of frequency set to their mean."""
    levels = levels.copy()
    fill = levels.mean()
    for _ in range(settings.masks):
        for axis in (0, 1):
            width = rng.integers(0, max(1, round(settings.mask_share * levels.shape[axis])) + 1)
            start = rng.integers(levels.shape[axis] - width + 1)
            levels[(slice(None),) * axis + (slice(start, start + width),)] = fill
    return levels


def mixed(
    levels: np.ndarray, targets: np.ndarray, settings: Augmentation, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Mixup of a batch with itself, labels too (Zhang et al., ICLR 2018)."""
    if not settings.mixup:
        return levels, targets
    share = rng.beta(settings.mixup, settings.mixup, len(levels)).astype(np.float32)
    other = rng.permutation(len(levels))
    mixed_levels = share[:, None, None] * levels + (1 - share)[:, None, None] * levels[other]
    return mixed_levels, share[:, None] * targets + (1 - share)[:, None] * targets[other]
