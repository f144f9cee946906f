"""Every setting of a training run in one dataclass; YAML and command-line flags are made from it."""

import argparse
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import yaml

from spectrogram.problems import UsageProblem

METHODS = ("lora",)
TARGETS = {
    "attention": ("to_q", "to_k", "to_v", "to_out.0"),
    "wide": ("to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2", "proj_in", "proj_out", "conv1", "conv2"),
}
PRECISIONS = ("no", "bf16", "fp16")


def _setting(default, text, choices=None):
    return field(default=default, metadata={"help": text, "choices": choices})


@dataclass(frozen=True)
class TrainSettings:
    """A run's settings; wrong values are refused at construction."""

    base: str = _setting("base_model", "folder or Hub id of a Stable Diffusion 1.x model")
    method: str = _setting("lora", "what is trained", METHODS)
    steps: int = _setting(300, "optimizer steps")
    batch: int = _setting(16, "clips in one forward pass")
    accumulate: int = _setting(1, "forward passes in one optimizer step")
    rate: float = _setting(4e-4, "peak learning rate")
    warmup_steps: int = _setting(20, "optimizer steps of linear warm-up")
    flat_share: float = _setting(0.5, "share of the run before the rate falls, 0..1")
    rank: int = _setting(16, "rank of the adapter; alpha equals it")
    targets: str = _setting("attention", "layers that the adapter changes", tuple(TARGETS))
    caption_dropout: float = _setting(0.1, "share of clips that are trained on the empty prompt, 0..1")
    min_snr_gamma: float = _setting(0.0, "Min-SNR weighting; 0 is off, 5 is usual")
    clip_norm: float = _setting(1.0, "gradient norm at which gradients are clipped")
    weight_decay: float = _setting(0.01, "AdamW's weight decay")
    precision: str = _setting("bf16", "autocast type", PRECISIONS)
    seed: int = _setting(0, "seed of everything random")
    validate_every: int = _setting(100, "optimizer steps between validations")
    validation_clips: int = _setting(32, "clips in the validation, at most")
    samples: int = _setting(3, "prompts heard before and after training")
    trigger: str = _setting("", "a word that the captions use for the new sound; recorded with the adapter")

    def __post_init__(self):
        for name, smallest in (("steps", 1), ("batch", 1), ("accumulate", 1), ("rank", 1), ("validate_every", 1)):
            if getattr(self, name) < smallest:
                raise UsageProblem(f"{name} is {getattr(self, name)}", f"at least {smallest}", f"change --{name}")
        for name in ("caption_dropout", "flat_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageProblem(f"{name} is {getattr(self, name)}", "between 0 and 1", f"change --{name}")
        for item in fields(self):
            choices = item.metadata["choices"]
            if choices and getattr(self, item.name) not in choices:
                raise UsageProblem(f"{item.name} is {getattr(self, item.name)!r}", f"one of {choices}", "choose one")

    def to_dict(self):
        return asdict(self)


def add_arguments(parser: argparse.ArgumentParser):
    """One flag for each setting; a flag that is not given stays None, so that YAML and defaults can fill it."""
    for item in fields(TrainSettings):
        flag = "--" + item.name.replace("_", "-")
        text = f"{item.metadata['help']} (default {item.default!r})"
        parser.add_argument(flag, type=type(item.default), choices=item.metadata["choices"], default=None, help=text)


def resolve(arguments: argparse.Namespace, recipe: str | Path | None = None) -> TrainSettings:
    """Settings from defaults, then the recipe's YAML, then the flags; unknown keys are refused."""
    values = {}
    known = {item.name for item in fields(TrainSettings)}
    if recipe:
        values = yaml.safe_load(Path(recipe).read_text(encoding="utf-8")) or {}
        unknown = sorted(set(values) - known)
        if unknown:
            raise UsageProblem(
                f"{recipe} has unknown settings {unknown}", f"some of {sorted(known)}", "correct the names"
            )
    given = {name: getattr(arguments, name) for name in known if getattr(arguments, name, None) is not None}
    return TrainSettings(**{**values, **given})
