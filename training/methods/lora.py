"""LoRA on the UNet's layers: small matrices beside frozen weights (Hu et al. 2021), through peft.

Alpha equals the rank, because files that say otherwise are read wrongly by tools that ignore the metadata.
"""

import json
import os
from pathlib import Path

from spectrogram.adapters import WEIGHTS_FILE
from spectrogram.params import KEY
from spectrogram.problems import UsageProblem

from ..settings import TARGETS


def attach(unet, settings):
    """Freeze the UNet, add the adapter in float32, and return its trainable parameters."""
    from diffusers.training_utils import cast_training_params
    from peft import LoraConfig

    unet.requires_grad_(False)
    names = TARGETS[settings.targets]
    found = [name for name, _ in unet.named_modules() if name.endswith(names)]
    if not found:
        raise UsageProblem(f"no layer ends in {names}", "a Stable Diffusion UNet", "choose other --targets")
    unet.add_adapter(LoraConfig(r=settings.rank, lora_alpha=settings.rank, target_modules=list(names)))
    cast_training_params(unet)
    return [parameter for parameter in unet.parameters() if parameter.requires_grad]


def save(unet, folder, params, extra):
    """Write the adapter where stock ``load_lora_weights`` finds it; its header holds codec parameters and ``extra``."""
    from diffusers import StableDiffusionPipeline
    from diffusers.training_utils import _collate_lora_metadata
    from peft.utils import get_peft_model_state_dict

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    StableDiffusionPipeline.save_lora_weights(
        folder, unet_lora_layers=get_peft_model_state_dict(unet), **_collate_lora_metadata({"unet": unet})
    )
    return add_header(folder / WEIGHTS_FILE, {KEY: json.dumps(params.to_dict()), **extra})


def add_header(path, entries):
    """Add text entries to a safetensors header, keeping what is there; the file is replaced in one step."""
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file

    with safe_open(path, framework="pt") as file:
        header = dict(file.metadata() or {})
    partial = Path(path).with_suffix(".partial")
    save_file(load_file(path), partial, metadata={**header, **entries})
    os.replace(partial, path)
    return Path(path)
