"""Which model, where it is, on which device: one place decides and says why."""

import json
from dataclasses import dataclass
from pathlib import Path

from spectrogram.memory import plan_memory, save_memory
from spectrogram.problems import EnvironmentProblem, Problem, UsageProblem

EMBEDDED = Path(__file__).resolve().parents[1] / "base_model"
GENERATION_FILE = "generation.json"
PARTS = ["unet/*", "vae/*", "text_encoder/*", "tokenizer/*", "scheduler/*", "*.json"]


@dataclass(frozen=True)
class GenerationDefaults:
    """What a base model is sampled with when nobody says otherwise; Stable Diffusion's usual values.

    ``aesthetic_rate`` is that of the steps by which an aesthetic moves the text encoder (Gallego 2022).
    """

    steps: int = 25
    guidance: float = 7.5
    guidance_rescale: float = 0.0
    aesthetic_rate: float = 1e-4

    @classmethod
    def from_json(cls, text: str) -> "GenerationDefaults":
        """Read generation.json, any of the fields, for example {"steps": 20, "guidance": 3.0}."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError) as error:
            raise Problem(
                f"{GENERATION_FILE} is unusable ({error})",
                "steps, guidance, guidance_rescale, aesthetic_rate",
                "correct or delete it",
            ) from error


def read_beside(model: str, name: str) -> str | None:
    """The text of a small file beside a model (folder or Hub name); None when the model has no such file."""
    if Path(model).is_dir():
        file = Path(model) / name
        return file.read_text(encoding="utf-8") if file.is_file() else None
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(model, name)).read_text(encoding="utf-8")
    except (EntryNotFoundError, LocalEntryNotFoundError, HFValidationError):
        return None


def locate_base(base: str | Path | None = None) -> str:
    """Folder or Hub name of the base model; None means the embedded one. Raises UsageProblem when it is not there."""
    folder = EMBEDDED if base is None else Path(base)
    if (folder / "model_index.json").is_file():
        return str(folder)
    # "owner/name" that is no folder can only be a name on the Hub.
    if base is not None and len(folder.parts) == 2 and not folder.exists() and str(base)[0] not in "./~\\":
        return str(base)
    raise UsageProblem(
        f"no base model in {folder}",
        "a folder with model_index.json, or a name on the Hub such as stable-diffusion-v1-5/stable-diffusion-v1-5",
        "check --base",
    )


def choose_device(device: str | None = None) -> str:
    """The named device after a check, else CUDA, Apple's MPS or the CPU, whichever is there first."""
    import torch

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

    `vram_gb` fits it onto a smaller card (see memory.py).
    """
    location, device, plan = locate_base(base), choose_device(device), plan_memory(vram_gb)
    import torch

    from spectrogram.pipeline import SpectrogramAudioPipeline

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
    import diffusers
    import transformers

    diffusers.utils.logging.set_verbosity_error()
    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()
