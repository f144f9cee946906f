"""The base model's parts, loaded for training one after another, and whether a dataset's pictures fit it."""

import hashlib
import shlex
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from diffusers.training_utils import free_memory
from transformers import CLIPTextModel, CLIPTokenizer

from spectrogram.bases import locate_base, read_beside, table_beside
from spectrogram.known_bases import BaseFacts
from spectrogram.models import choose_device, load_pipeline
from spectrogram.params import MODEL_FILE, PRESETS, SpectrogramParams
from spectrogram.problems import Problem
from training.method_table import carrier_of

SAFE = {"use_safetensors": True}
HALVES = {"fp16": torch.float16, "bf16": torch.bfloat16}


def half_type(settings, device_type: str) -> torch.dtype | None:
    """The number format of frozen weights that are kept in half precision; None where they are in float32 or taught.

    On the CPU it is bfloat16 or nothing: it has no float16 kernels worth the name.
    """
    if not settings.half_base or carrier_of(settings.to_dict()).trains_all:
        return None
    half = HALVES.get(settings.precision)
    return torch.bfloat16 if half is not None and device_type == "cpu" else half


def open_pipeline(settings):
    """The base as a pipeline that makes sounds, under the run's memory plan: half precision where that has it."""
    device = choose_device()
    dtype = half_type(settings, device) if settings.vram and device == "cpu" else None
    return load_pipeline(locate_base(settings.base), device, dtype, settings.vram or None)


@dataclass
class Base:
    """Parts of a Stable Diffusion model; each is None before it is loaded and after it is no longer needed."""

    name: str
    tokenizer: object
    scheduler: object
    vae: object = None
    text_encoder: object = None
    unet: object = None

    def load_encoders(self):
        """Load VAE and text encoder, frozen, in float32."""
        found = AutoencoderKL.from_pretrained(self.name, subfolder="vae", dtype=torch.float32, **SAFE)
        self.vae = found.requires_grad_(False)
        self.load_text_encoder()

    def load_text_encoder(self):
        """Load the text encoder alone, frozen, in float32."""
        found = CLIPTextModel.from_pretrained(self.name, subfolder="text_encoder", dtype=torch.float32, **SAFE)
        self.text_encoder = found.requires_grad_(False)

    def load_unet(self, dtype: torch.dtype | None = None):
        """Load the UNet, frozen; weight by weight in half precision where ``dtype`` is one, else in float32."""
        dtype = dtype or torch.float32
        found = UNet2DConditionModel.from_pretrained(self.name, subfolder="unet", dtype=dtype, **SAFE)
        self.unet = found.requires_grad_(False)

    def free(self, *parts: str):
        """Let some parts leave memory: "vae", "text_encoder", "unet"."""
        for part in parts:
            setattr(self, part, None)
        free_memory()


def open_base(name: str) -> Base:
    """Tokenizer and training schedule of a folder or Hub model; its networks are loaded when they are needed."""
    location = locate_base(name)
    tokenizer = CLIPTokenizer.from_pretrained(location, subfolder="tokenizer")
    return Base(str(location), tokenizer, DDPMScheduler.from_pretrained(location, subfolder="scheduler"))


def load(name: str) -> Base:
    """All parts of a folder or Hub model in float32, with the scheduler's training schedule."""
    base = open_base(name)
    base.load_encoders()
    base.load_unet()
    return base


def fingerprint(unet):
    """16 hex characters that change with any retraining: each tensor's name, shape, sum and first values."""
    digest = hashlib.sha256()
    for name, tensor in sorted(unet.state_dict().items()):
        values = tensor.detach()
        # The sum is made in double precision without a copy of the weights in it.
        told = f"{name} {tuple(tensor.shape)} {values.sum(dtype=torch.float64).item():.9e}"
        digest.update(told.encode() + values.flatten()[:16].float().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


def use_schedule(scheduler, settings):
    """The base's scheduler, with the run's own prediction type and zero terminal SNR where it asks for them."""
    changes = {}
    if settings.prediction != "base":
        changes["prediction_type"] = settings.prediction
    if settings.zero_snr:
        changes |= {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
    changed = type(scheduler).from_config(scheduler.config, **changes) if changes else scheduler
    zero = changed.config.get("rescale_betas_zero_snr") and changed.config.prediction_type == "epsilon"
    if zero and settings.min_snr_gamma:
        raise Problem(
            "Min-SNR with epsilon at zero terminal SNR divides by zero", "v_prediction", "use --min-snr-gamma 0"
        )
    return changed


def picture_size(location: str) -> tuple[int, int]:
    """(width, height) in pixels that a base was made for, from its configurations alone."""
    unet, vae = (table_beside(location, f"{part}/config.json") or {} for part in ("unet", "vae"))
    if "sample_size" not in unet:
        raise Problem(f"{location} has no unet/config.json", "a whole Stable Diffusion model", "check --base")
    heard = read_beside(location, MODEL_FILE)
    if heard is not None:
        params = SpectrogramParams.from_json(heard)
        return params.width, params.height
    factor = 2 ** (len(vae.get("block_out_channels", (1, 1, 1, 1))) - 1)
    size = unet["sample_size"]
    height, width = (size, size) if isinstance(size, int) else size
    return width * factor, height * factor


def check_pictures(location: str, facts: BaseFacts, params: SpectrogramParams, size: tuple[int, int], dataset: str):
    """Refuse pictures of another size or kind than the base was made for, before anything of it is loaded.

    Args:
        location: Folder or Hub name of the base.
        facts: What is known of it.
        params: How the dataset's pictures were drawn.
        size: (width, height) of the dataset's pictures.
        dataset: Its folder or name.

    Raises:
        Problem: With the command that draws the same sounds as this base needs them.
    """
    # A base of the table may be made for other pictures than its UNet's configuration tells.
    wanted = facts.base.size if facts.found == "table" else picture_size(location)
    allowed = [facts.params, *(PRESETS[name] for name in facts.base.presets)] if facts.params else []
    if size == wanted and (not allowed or params in allowed):
        return
    made = f"{facts.params.fingerprint}, " if facts.params else ""
    raise Problem(
        f"the dataset's pictures are {size[0]} x {size[1]} pixels (codec {params.fingerprint})",
        f"{facts.base.title if facts.found != 'assumed' else location} needs {made}{wanted[0]} x {wanted[1]}",
        rebuild_advice(facts, wanted, dataset),
    )


def rebuild_advice(facts: BaseFacts, size: tuple[int, int], dataset: str) -> str:
    """The command that builds the dataset for a base, or that there is no preset for it."""
    fitting = [name for name, params in PRESETS.items() if params == facts.params]
    if not facts.params:
        fitting = [
            name for name, params in PRESETS.items() if (params.width, params.height) == size and params.absolute
        ]
    if not fitting:
        return "no picture preset of this project draws such pictures: choose another --base"
    out = shlex.quote(f"{Path(dataset).name}-{fitting[0]}")
    return f"build it again from its sounds: python -m dataset_builder SOUNDS --preset {fitting[0]} --out {out}"
