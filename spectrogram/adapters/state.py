"""What a pipeline holds beyond the parts that diffusers knows."""

from dataclasses import dataclass, field

from spectrogram.bases import GenerationDefaults
from spectrogram.params import SpectrogramParams


@dataclass(frozen=True)
class LoadedLora:
    """A LoRA in the pipeline: its `name` for people, and the parameters that its pictures are heard with, if it says."""

    name: str
    params: SpectrogramParams | None = None
    scale: float = 1.0


@dataclass(frozen=True)
class Steering:
    """How prompts are moved towards an aesthetic; `settings` are `aesthetic.steered`'s keywords."""

    settings: dict
    through: str


@dataclass
class State:
    """One for each pipeline: its LoRAs by the name that peft knows, its learned words, and its aesthetic.

    `params` are those that were set by hand; `defaults` and `ear` are read when they are first needed.
    """

    loras: dict[str, LoadedLora] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    steering: Steering | None = None
    params: SpectrogramParams | None = None
    defaults: GenerationDefaults | None = None
    ear: object = None
