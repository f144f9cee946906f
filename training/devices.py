"""Device, precision and processes of a run: accelerate decides from how the program was launched."""


def open_accelerator(precision):
    """A new Accelerator; an earlier run of this process may have had another precision."""
    import torch
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState

    # accelerate keeps a process's first precision and refuses another one; what it knows of other processes stays.
    AcceleratorState._reset_state()
    return Accelerator(mixed_precision=precision, cpu=not torch.cuda.is_available())


def place(unet, settings, device):
    """Number format, memory layout, checkpointing and compilation of a UNet, as the settings have it.

    Half a base on the CPU is bfloat16 or nothing: it has no float16 kernels worth the name.
    """
    import torch

    if settings.half_base and settings.precision != "no" and (device.type != "cpu" or settings.precision == "bf16"):
        unet.to(torch.float16 if settings.precision == "fp16" else torch.bfloat16)
    if settings.channels_last:
        unet.to(memory_format=torch.channels_last)
    if settings.gradient_checkpointing:
        unet.enable_gradient_checkpointing()
    if settings.compile:
        unet.compile()
