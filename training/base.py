"""The base model's parts, loaded for training."""

import json
from dataclasses import dataclass
from pathlib import Path

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

    def free_encoders(self):
        """Let VAE and text encoder leave memory: 413 MB in half precision at Stable Diffusion 1.5's size."""
        from diffusers.training_utils import free_memory

        self.vae = self.text_encoder = None
        free_memory()


def load(name):
    """The parts of a folder or Hub model in float32, with the scheduler's training schedule."""
    import torch
    from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTokenizer

    index = Path(name) / "model_index.json"
    if Path(name).exists() and not index.exists():
        raise Problem(f"{name} holds no model_index.json", "a diffusers model folder", "name the folder above unet/")
    parts = {
        "unet": UNet2DConditionModel.from_pretrained(name, subfolder="unet", dtype=torch.float32),
        "vae": AutoencoderKL.from_pretrained(name, subfolder="vae", dtype=torch.float32),
        "text_encoder": CLIPTextModel.from_pretrained(name, subfolder="text_encoder", dtype=torch.float32),
        "tokenizer": CLIPTokenizer.from_pretrained(name, subfolder="tokenizer"),
        "scheduler": DDPMScheduler.from_pretrained(name, subfolder="scheduler"),
    }
    parts["vae"].requires_grad_(False)
    parts["text_encoder"].requires_grad_(False)
    return Base(**parts, name=str(name))


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


def describe(base):
    """The facts of a base that a run records."""
    return {
        "name": base.name,
        "prediction_type": base.scheduler.config.prediction_type,
        "unet": json.loads(base.unet.to_json_string()),
    }
