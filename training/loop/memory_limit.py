"""Out of memory: said with the batch and the size that did not fit, and with what to try, smallest change first."""

from importlib.util import find_spec

import torch

from spectrogram.problems import EnvironmentProblem
from training.base import HALVES
from training.loop import optimizers
from training.method_table import LORA_FILE, carrier_of

# CUDA and Windows; torch's CPU allocator on Linux; oneDNN, where a product finds no room for its scratch pad.
TOLD = ("not enough memory", "out of memory", "can't allocate memory", "could not create a memory object",
        "std::bad_alloc")  # fmt: skip

SMALLER_BASE = "a smaller base"


class OutOfMemory(EnvironmentProblem):
    """A forward or backward pass did not fit; the state before the step is kept."""


def is_out_of_memory(error):
    """Whether an error of torch means memory: its own class on a GPU, a sentence on the CPU."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return any(told in str(error) for told in TOLD)


def advice(settings):
    """The flags that would need less memory, those that cost least first; [] where only a smaller base would.

    Moments are a few MiB where an adapter is trained: 8 bits for them help those alone who train every weight.
    """
    carrier = carrier_of(settings.to_dict())
    installed = "" if find_spec("bitsandbytes") else f" ({optimizers.INSTALL})"
    halved = "--half-base" if settings.precision in HALVES else "--half-base --precision bf16"
    all_kept = not settings.half_base or settings.precision not in HALVES
    wanted = [
        (settings.batch > 1, f"--batch {max(1, settings.batch // 2)} --accumulate {settings.accumulate * 2}"),
        (not settings.gradient_checkpointing, "--gradient-checkpointing"),
        (all_kept and not carrier.trains_all, halved),
        (carrier.result is LORA_FILE and settings.targets != "attention", "--targets attention"),
        (carrier.trains_all and settings.optimizer != "adamw_8bit", f"--optimizer adamw_8bit{installed}"),
        (carrier.trains_all and settings.method != "dreambooth", "--method lora"),
        (carrier.trains_all and settings.method == "dreambooth", "--dreambooth-trains lora"),
        (settings.batch > 1 and not settings.halve_on_oom, "--halve-on-oom"),
    ]
    return [text for needed, text in wanted if needed]


def smallest(settings):
    """The flag that keeps every stage small, where it is not given yet and the method may have it; else ""."""
    return "" if settings.vram == 4 or carrier_of(settings.to_dict()).trains_all else "--vram 4"


def problem(settings, latents_shape, step):
    """The OutOfMemory of one step."""
    height, width = (8 * length for length in latents_shape[-2:])
    small = f"; {smallest(settings)} chooses for a small GPU" if smallest(settings) else ""
    return OutOfMemory(
        f"out of memory in step {step + 1}: batch {settings.batch} of {width} x {height} pictures",
        "a pass that fits; what was trained before is saved",
        f"try {', then '.join(advice(settings)) or SMALLER_BASE}{small}",
    )


def in_stage(settings, stage):
    """The OutOfMemory of a stage that is no step: nothing of it can be halved, but other settings leave it room."""
    small = f"{smallest(settings)}, which keeps every stage small" if smallest(settings) else SMALLER_BASE
    return OutOfMemory(
        f"out of memory in the stage '{stage}'", "a stage that fits; what was trained before is saved", f"try {small}"
    )
