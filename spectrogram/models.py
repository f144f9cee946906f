"""Which model on which device: one place decides and says why."""

from pathlib import Path

import diffusers
import torch
import transformers

from spectrogram.bases import locate_base
from spectrogram.pipeline import SpectrogramAudioPipeline
from spectrogram.problems import EnvironmentProblem, UsageProblem
from spectrogram.sampling.memory import plan_memory, save_memory

PARTS = ["unet/*", "vae/*", "text_encoder/*", "tokenizer/*", "scheduler/*", "*.json"]


def choose_device(device: str | None = None) -> str:
    """The named device after a check, else CUDA, Apple's MPS or the CPU, whichever is there first."""
    available = [name for name, there in _devices(torch) if there]
    if device is None:
        return available[0]
    if device.split(":")[0] not in available:
        raise UsageProblem(f"device {device!r} is not here", f"one of {', '.join(available)}", "leave --device out")
    return device


def _devices(torch) -> list[tuple[str, bool]]:
    return [("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available()), ("cpu", True)]


def load_pipeline(base: str | Path | None = None, device: str | None = None, dtype=None, vram_gb: float | None = None):
    """A SpectrogramAudioPipeline on its device: half precision on CUDA, float32 elsewhere; safetensors only.

    `vram_gb` fits it onto a smaller card (see `sampling.memory`).
    """
    location, device, plan = locate_base(base), choose_device(device), plan_memory(vram_gb)
    quiet_loading()
    dtype = dtype or (torch.float16 if device.startswith("cuda") else torch.float32)
    try:
        pipeline = SpectrogramAudioPipeline.from_pretrained(
            location, dtype=dtype, use_safetensors=True, safety_checker=None, requires_safety_checker=False
        )
    except OSError as error:
        reason = str(error).strip().splitlines()[0]
        raise EnvironmentProblem(
            f"{base or location} cannot be loaded ({reason})",
            "a whole Stable Diffusion model",
            "check the name or network",
        ) from error
    return save_memory(pipeline, plan, device)


def quiet_loading():
    """Silence what loading says about parts that are absent on purpose, and its progress bars."""
    diffusers.utils.logging.set_verbosity_error()
    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()
