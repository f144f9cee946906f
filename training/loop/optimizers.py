"""The optimizer by its name; the 8-bit one belongs to an optional package and is named when it is missing."""

from importlib.util import find_spec

import torch

from spectrogram.problems import EnvironmentProblem

BETAS = (0.9, 0.99)
INSTALL = "pip install 'sd-audio-spectrograms[lowmem]'"


def check(name):
    """Refuse an optimizer whose package is not installed, before anything is loaded for it."""
    if name == "adamw_8bit" and not find_spec("bitsandbytes"):
        raise missing()


def missing():
    return EnvironmentProblem(
        "--optimizer adamw_8bit needs bitsandbytes", "an installed package", f"{INSTALL}, or use --optimizer adamw"
    )


def build(name, parameters, rate, weight_decay):
    """An AdamW over ``parameters``: plain, in one fused kernel, or with 8-bit moments (Dettmers et al. 2022)."""
    settings = {"lr": rate, "betas": BETAS, "weight_decay": weight_decay}
    if name == "adamw_8bit":
        try:
            from bitsandbytes.optim import AdamW8bit
        except ImportError as error:
            raise missing() from error
        return AdamW8bit(parameters, **settings)
    return torch.optim.AdamW(parameters, fused=name == "adamw_fused", **settings)
