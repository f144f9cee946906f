"""Device, precision and processes of a run: accelerate decides from how the program was launched."""

import ctypes
import sys

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState


def open_accelerator(precision):
    """A new Accelerator; an earlier run of this process may have had another precision."""
    # accelerate keeps a process's first precision and refuses another one; what it knows of other processes stays.
    AcceleratorState._reset_state()
    if not torch.cuda.is_available():
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
    """Number format, memory layout, checkpointing and compilation of a UNet, as the settings have it.

    Half a base on the CPU is bfloat16 or nothing: it has no float16 kernels worth the name.
    """
    if settings.half_base and settings.precision != "no" and (device.type != "cpu" or settings.precision == "bf16"):
        unet.to(torch.float16 if settings.precision == "fp16" else torch.bfloat16)
    if settings.channels_last:
        unet.to(memory_format=torch.channels_last)
    if settings.gradient_checkpointing:
        unet.enable_gradient_checkpointing()
    if settings.compile:
        unet.compile()
