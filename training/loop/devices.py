"""Device, precision and processes of a run: accelerate decides from how the program was launched."""

import ctypes
import sys

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from training.base import half_type


def usable_precision(precision):
    """The autocast type that this machine has: without a GPU there is no fp16, and bf16 is as small."""
    return "bf16" if precision == "fp16" and not torch.cuda.is_available() else precision


def open_accelerator(precision, small=False):
    """A new Accelerator; an earlier run of this process may have had another precision.

    ``small``: the run keeps to a memory limit, so freed memory is given back.
    """
    # accelerate keeps a process's first precision and refuses another one; what it knows of other processes stays.
    AcceleratorState._reset_state()
    if not torch.cuda.is_available() and not small:
        keep_memory()
    return Accelerator(mixed_precision=precision, cpu=not torch.cuda.is_available())


def keep_memory():
    """Let glibc keep freed memory for the next step; given back, every step pays for fresh pages (5 to 10 % of it)."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        trim_threshold, top_pad, mmap_threshold = -1, -2, -3
        mallopt(mmap_threshold, 32 << 20)
        mallopt(trim_threshold, 1 << 30)
        mallopt(top_pad, 64 << 20)


def place(unet, settings, device):
    """Number format, memory layout, checkpointing and compilation of a UNet, as the settings have it."""
    half = half_type(settings, device.type)
    if half is not None:
        unet.to(half)
    if settings.channels_last:
        unet.to(memory_format=torch.channels_last)
    if settings.gradient_checkpointing:
        unet.enable_gradient_checkpointing()
    if settings.compile:
        unet.compile()
