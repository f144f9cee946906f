"""The base model's parts, loaded for training."""

import hashlib
from dataclasses import dataclass

from spectrogram.bases import EMBEDDED, locate_base
from spectrogram.problems import Problem


@dataclass
class Base:
    """Parts of a Stable Diffusion 1.x model; vae and text_encoder are set to None once everything is cached."""

    unet: object
    vae: object
    text_encoder: object
    tokenizer: object
    scheduler: object
    name: str

    def free_encoders(self, keep_words=False):
        """Let VAE and text encoder leave memory: 413 MB in half precision at Stable Diffusion 1.5's size."""
        from diffusers.training_utils import free_memory

        self.vae = None
        if not keep_words:
            self.text_encoder = None
        free_memory()


def locate(name):
    """Folder or Hub name of a base; "base_model" is the embedded one, wherever the command is run."""
    return locate_base(None if name == EMBEDDED.name else name)


def load(name):
    """The parts of a folder or Hub model in float32, with the scheduler's training schedule."""
    import torch
    from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTokenizer

    name = locate(name)
    safe = {"use_safetensors": True, "dtype": torch.float32}
    parts = {
        "unet": UNet2DConditionModel.from_pretrained(name, subfolder="unet", **safe),
        "vae": AutoencoderKL.from_pretrained(name, subfolder="vae", **safe),
        "text_encoder": CLIPTextModel.from_pretrained(name, subfolder="text_encoder", **safe),
        "tokenizer": CLIPTokenizer.from_pretrained(name, subfolder="tokenizer"),
        "scheduler": DDPMScheduler.from_pretrained(name, subfolder="scheduler"),
    }
    parts["vae"].requires_grad_(False)
    parts["text_encoder"].requires_grad_(False)
    return Base(**parts, name=str(name))


def fingerprint(unet):
    """16 hex characters that change with any retraining: each tensor's name, shape, sum and first values."""
    digest = hashlib.sha256()
    for name, tensor in sorted(unet.state_dict().items()):
        values = tensor.detach().float()
        told = f"{name} {tuple(tensor.shape)} {values.double().sum().item():.9e}"
        digest.update(told.encode() + values.flatten()[:16].cpu().numpy().tobytes())
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


def check_picture_size(base, pictures):
    """Refuse pictures that the base was not made for: another size is another sound."""
    factor = 2 ** (len(base.vae.config.block_out_channels) - 1)
    size = base.unet.config.sample_size
    height, width = (size, size) if isinstance(size, int) else size
    wanted, given = (height * factor, width * factor), pictures.shape[1:3]
    if wanted != given:
        raise Problem(
            f"the dataset's pictures are {given[1]} x {given[0]} pixels",
            f"{base.name} was made for {wanted[1]} x {wanted[0]}",
            "rebuild the dataset with the preset of this base (mini for base_model, sd15 for Stable Diffusion 1.5)",
        )
