"""Device, precision and processes of a run: accelerate decides from how the program was launched."""


def open_accelerator(precision):
    """A new Accelerator; an earlier run of this process may have had another precision."""
    import torch
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState

    # accelerate keeps a process's first precision and refuses another one; what it knows of other processes stays.
    AcceleratorState._reset_state()
    return Accelerator(mixed_precision=precision, cpu=not torch.cuda.is_available())
