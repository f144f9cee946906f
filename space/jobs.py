"""What goes into the engine and what comes out while it works. All of it can be pickled: ZeroGPU works in a fork."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from spectrogram.recipe import Recipe


@dataclass(frozen=True)
class Request:
    """One press of Generate. None means: the base model's own value, or a seed that is drawn."""

    prompt: str
    negative_prompt: str = ""
    seconds: float | None = None
    count: int = 1
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    adapter: str | None = None
    adapter_scale: float = 1.0
    variation_seed: int | None = None
    variation_amount: float = 0.35


@dataclass(frozen=True)
class Step:
    """Progress: `done` of `total` denoising steps."""

    done: int
    total: int
    seconds_left: float | None = None


@dataclass(frozen=True)
class Stopped:
    """The visitor pressed Stop after `done` of `total` steps."""

    done: int
    total: int


@dataclass(frozen=True)
class Failed:
    """Something that a person can act on went wrong."""

    reason: str


@dataclass(frozen=True)
class Finished:
    """Pictures, sounds (batch, channels, samples) and recipes; notes say what was done otherwise than asked."""

    images: list[Image.Image]
    audios: np.ndarray
    sampling_rate: int
    recipes: list[Recipe]
    seconds_taken: float
    notes: tuple[str, ...] = ()
