"""What goes into the engine and what comes out while it works. All of it can be pickled: ZeroGPU works in a fork."""

from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from spectrogram.recipe import Recipe
from spectrogram.verbs.morph import most_painted

# What the pipeline can do, and which of it starts from a sound. Nothing else is ever called by name.
SOUND_VERBS = ("transform", "inpaint", "extend", "loop")
# What a Step is one of: the text is read anew for an aesthetic, then the picture is denoised.
READING, DENOISING = "reading the text", "denoising"
VERBS = ("generate", "morph", "timeline", *SOUND_VERBS)


@dataclass(frozen=True)
class Request:
    """One press of a button. None means: the base model's own value, or a seed that is drawn.

    `options` are the keywords of the pipeline's method `verb`, `sound` the file it starts from and
    `source` what people know that sound by (`varied`: its own text was kept); `notes` are told with
    the result (a sound that was trimmed, a region that was clamped).
    """

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
    verb: str = "generate"
    sound: str | None = None
    source: str = ""
    varied: bool = False
    options: dict = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def total_steps(self, default: int) -> int:
        """Denoising steps of all that is made: a strength below 1 walks only its share of them."""
        steps = self.steps or default
        if self.verb == "morph":
            return steps * self.most_clips
        if self.verb in ("transform", "inpaint"):
            return max(1, round(steps * self.options.get("strength", 1.0)))
        return steps

    @property
    def most_clips(self) -> int:
        """Clips that are painted one after the other; a morph in even steps of sound may need fewer."""
        if self.verb != "morph":
            return 1
        return most_painted(len(self.options["prompts"]), self.options["steps"], self.searches)

    @property
    def searches(self) -> bool:
        """Whether a morph looks for even steps in sound, which paints more clips than are kept."""
        if self.verb != "morph" or not self.options.get("respace", True):
            return False
        return self.options["steps"] > len(self.options["prompts"])


@dataclass(frozen=True)
class Step:
    """Progress: `done` of `total` denoising steps of all `clips` that are made one after the other.

    `preview` is the unfinished picture, now and then. `at_most`: it may end earlier. `stage`: DENOISING, or READING
    before it.
    """

    done: int
    total: int
    seconds_left: float | None = None
    preview: Image.Image | None = None
    clips: int = 1
    at_most: bool = False
    stage: str = DENOISING


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


@dataclass(frozen=True)
class Painted:
    """One clip that can be heard while the next ones are made; `Finished` repeats those that stay."""

    clip: Finished
