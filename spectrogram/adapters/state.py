"""What a pipeline holds beyond the parts that diffusers knows."""

from dataclasses import dataclass, field

from spectrogram.bases import GenerationDefaults
from spectrogram.params import SpectrogramParams


@dataclass(frozen=True)
class LoadedLora:
    """A LoRA in the pipeline: its `name` for people, how its pictures are heard, and peft's name."""

    name: str
    params: SpectrogramParams | None = None
    key: str = ""


@dataclass(frozen=True)
class Steering:
    """How prompts are moved towards an aesthetic; `settings` are `aesthetic.steered`'s keywords."""

    settings: dict
    through: str


@dataclass
class State:
    """One for each pipeline: its LoRAs by the name that people use, its learned words, and its aesthetic.

    `fused` are LoRAs that lie in the weights, with their strengths, by peft's name. `params` are those
    that were set by hand; `defaults` and `ear` are read when they are first needed.
    """

    loras: dict[str, LoadedLora] = field(default_factory=dict)
    fused: dict[str, tuple[LoadedLora, float | dict]] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    steering: Steering | None = None
    params: SpectrogramParams | None = None
    defaults: GenerationDefaults | None = None
    ear: object = None
