"""A model of Stable Diffusion 1.5's size with random weights: everything about it is real but what it has learned.

    python -m benchmarks.training.real_size FOLDER

4.3 GB in float32, written once. The configurations are Stable Diffusion 1.5's own; the words are the embedded base's,
because the token ids of another vocabulary change neither a size nor a second.
"""

import argparse
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from benchmarks.training.memory import SD15
from spectrogram.bases import EMBEDDED
from spectrogram.files import json_file

VAE = {"block_out_channels": (128, 256, 512, 512), "layers_per_block": 2, "latent_channels": 4, "sample_size": 512,
       "down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}  # fmt: skip
WORDS = {"vocab_size": 49408, "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
         "num_attention_heads": 12, "max_position_embeddings": 77, "projection_dim": 768}  # fmt: skip
SCHEDULE = {"_class_name": "PNDMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
            "num_train_timesteps": 1000, "prediction_type": "epsilon", "set_alpha_to_one": False,
            "skip_prk_steps": True, "steps_offset": 1, "clip_sample": False}  # fmt: skip
PARTS = {"unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"],
         "text_encoder": ["transformers", "CLIPTextModel"], "tokenizer": ["transformers", "CLIPTokenizer"],
         "scheduler": ["diffusers", "PNDMScheduler"], "safety_checker": [None, None], "feature_extractor": [None, None],
         "image_encoder": [None, None]}  # fmt: skip


def write(folder: Path, seed: int = 0) -> Path:
    """Write the model, one part in memory at a time; one that is whole already is left as it is."""
    if (folder / "model_index.json").is_file():
        return folder
    torch.manual_seed(seed)
    shutil.copytree(EMBEDDED / "tokenizer", folder / "tokenizer", dirs_exist_ok=True)
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    ids = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad")}
    CLIPTextModel(CLIPTextConfig(**WORDS, **ids)).save_pretrained(folder / "text_encoder")
    AutoencoderKL(**VAE).save_pretrained(folder / "vae")
    UNet2DConditionModel(sample_size=64, **SD15).save_pretrained(folder / "unet")
    (folder / "scheduler").mkdir(exist_ok=True)
    json_file.write(folder / "scheduler" / "scheduler_config.json", SCHEDULE)
    index = {"_class_name": "StableDiffusionPipeline", "requires_safety_checker": False, **PARTS}
    json_file.write(folder / "model_index.json", index)
    return folder


def main():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training.real_size", description=__doc__.splitlines()[0]
    )
    parser.add_argument("folder", type=Path)
    print(write(parser.parse_args().folder))


if __name__ == "__main__":
    main()
