"""Out of memory: said with the batch and the size that did not fit, and with what to try, smallest change first."""

import torch

from spectrogram.problems import EnvironmentProblem
from training.method_table import carrier_of

# CUDA and Windows; torch's CPU allocator on Linux; oneDNN, where a product finds no room for its scratch pad.
TOLD = ("not enough memory", "out of memory", "can't allocate memory", "could not create a memory object",
        "std::bad_alloc")  # fmt: skip


class OutOfMemory(EnvironmentProblem):
    """A forward or backward pass did not fit; the state before the step is kept."""


def is_out_of_memory(error):
    """Whether an error of torch means memory: its own class on a GPU, a sentence on the CPU."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return any(told in str(error) for told in TOLD)


def advice(settings):
    """The flags that would need less memory, those that cost least first."""
    wanted = [
        (settings.batch > 1, f"--batch {max(1, settings.batch // 2)} --accumulate {settings.accumulate * 2}"),
        (not settings.gradient_checkpointing, "--gradient-checkpointing"),
        (not settings.half_base, "--half-base"),
        (settings.optimizer != "adamw_8bit", "--optimizer adamw_8bit"),
        (carrier_of(settings.to_dict()).trains_all, "--method lora"),
        (settings.batch > 1 and not settings.halve_on_oom, "--halve-on-oom"),
    ]
    return [text for needed, text in wanted if needed]


def problem(settings, latents_shape, step):
    """The OutOfMemory of one step."""
    height, width = (8 * length for length in latents_shape[-2:])
    return OutOfMemory(
        f"out of memory in step {step + 1}: batch {settings.batch} of {width} x {height} pictures",
        "a pass that fits; what was trained before is saved",
        f"try {', then '.join(advice(settings)) or 'a smaller base'}; --vram 4 chooses for a small GPU",
    )


def in_stage(settings, stage):
    """The OutOfMemory of a stage that is no step: nothing of it can be halved, but other settings leave it room."""
    smaller = "a smaller base" if settings.vram == 4 else "--vram 4, which keeps every stage small"
    return OutOfMemory(
        f"out of memory in the stage '{stage}'", "a stage that fits; what was trained before is saved", f"try {smaller}"
    )
