"""Every verb on a model of Stable Diffusion 1.5's real shape with random weights: what runs, and what audio must keep.

    python -m benchmarks.pipeline.sd15 [--steps 1] [--columns 512] [--only morph,loop] [--json FILE]

860 M UNet, 84 M VAE and 123 M CLIP-L text encoder, built from their configurations: nothing is downloaded, nothing is
learned, so only what needs no trained weights is judged: lengths, the sound outside a mask, joins, levels and seeds.
Every verb runs at 512 x 512 (preset sd15); narrower pictures are a quicker look.
"""

import argparse
import json
import resource
import time
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from benchmarks.pipeline.sd15_verbs import Verbs
from spectrogram.bases import EMBEDDED
from spectrogram.files import json_file
from spectrogram.models import quiet_loading
from spectrogram.pipeline import SpectrogramAudioPipeline

UNET = {
    "sample_size": 64,
    "in_channels": 4,
    "out_channels": 4,
    "layers_per_block": 2,
    "block_out_channels": (320, 640, 1280, 1280),
    "down_block_types": ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
    "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
    "cross_attention_dim": 768,
    "attention_head_dim": 8,
}
VAE = {
    "in_channels": 3,
    "out_channels": 3,
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "block_out_channels": (128, 256, 512, 512),
    "layers_per_block": 2,
    "latent_channels": 4,
    "sample_size": 512,
}
TEXT = {
    "vocab_size": 49408,
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "projection_dim": 768,
}
SCHEDULER = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "steps_offset": 1,
    "clip_sample": False,
    "set_alpha_to_one": False,
}


def build_parts(dtype):
    """(UNet, VAE, text encoder) with random weights; the embedded base's tokenizer stands in for CLIP's."""
    torch.manual_seed(0)
    parts = UNet2DConditionModel(**UNET), AutoencoderKL(**VAE), CLIPTextModel(CLIPTextConfig(**TEXT))
    return [part.to(dtype).eval() for part in parts]


def build_pipeline(dtype):
    quiet_loading()
    unet, vae, text_encoder = build_parts(dtype)
    pipeline = SpectrogramAudioPipeline(
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=CLIPTokenizer.from_pretrained(EMBEDDED, subfolder="tokenizer"),
        unet=unet,
        scheduler=DDIMScheduler(**SCHEDULER),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline.sd15", description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--dtype", choices=("bfloat16", "float32"), default="bfloat16")
    parser.add_argument("--columns", type=int, default=512, help="width of the pictures (%(default)s)")
    parser.add_argument("--only", help="verbs whose names contain one of these, parted by commas")
    parser.add_argument("--json", type=Path, help="write the result here too; other verbs in it are kept")
    options = parser.parse_args()
    pipeline = build_pipeline(getattr(torch, options.dtype))
    pipeline.params = pipeline.params.replace(columns=options.columns)
    millions = {
        name: round(sum(p.numel() for p in getattr(pipeline, name).parameters()) / 1e6)
        for name in ("unet", "vae", "text_encoder")
    }
    there = options.json is not None and options.json.is_file()
    result = json.loads(options.json.read_text(encoding="utf-8")) if there else {"verbs": {}}
    size = f"{options.columns} x {pipeline.params.height}"
    result |= {"million_parameters": millions, "dtype": options.dtype, "steps": options.steps, "size": size}
    print(millions, size, flush=True)
    for name, verb in Verbs(pipeline, options.steps).all().items():
        if options.only and not any(part in name for part in options.only.split(",")):
            continue
        began = time.process_time()
        result["verbs"][name] = {**verb(), "cpu_s": round(time.process_time() - began, 1)}
        result["peak_memory_gb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
        print(name, result["verbs"][name], flush=True)
        if options.json:
            json_file.write(options.json, result)
    print("peak memory, GiB:", result["peak_memory_gb"])


if __name__ == "__main__":
    main()
