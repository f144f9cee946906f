"""Adapters of ours for others: a kohya file for AUTOMATIC1111 and ComfyUI, or a merged model folder."""

from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel

from spectrogram import json_text
from spectrogram.adapters import layouts, plain_difference, safetensors_file
from spectrogram.adapters.layer_names import layer_shapes
from spectrogram.adapters.lora import read_lora
from spectrogram.bases import locate_base
from spectrogram.files import atomic, json_file
from spectrogram.models import load_pipeline
from spectrogram.params import KEY, MODEL_FILE
from spectrogram.problems import Problem
from training.exchange.base_weights import BaseWeights
from training.methods.full import copy_base

LONGEST_TITLE = 200
ERROR_KEY = "dora_error"


class Shapes:
    """A base's UNet and text encoder without their weights, for the names and shapes of its layers."""

    def __init__(self, base):
        with torch.device("meta"):
            config = UNet2DConditionModel.load_config(base, subfolder="unet")
            self.unet = UNet2DConditionModel.from_config(config)
            self.text_encoder = CLIPTextModel(CLIPTextConfig.from_pretrained(base, subfolder="text_encoder"))


def shapes_of(base):
    """Weight shapes of a base's layers by (part, name), from its configurations alone."""

    return layer_shapes(Shapes(locate_base(base)))


def kohya(adapter, base, path=None):
    """Write the kohya file of an adapter of ours; its header names rank, alpha, base, trigger and codec parameters.

    DoRA, which hosts read in ways that differ, becomes the plain difference that it makes to this base's weights; the
    header's `dora_error` is the largest share of a layer's change that the chosen ranks leave out.
    """
    read = read_lora(adapter, shapes_of(base))
    layers, more = read.layers, {}
    if any("magnitude" in tensors for tensors in layers.tensors.values()):
        layers, error = plain_difference.of(layers, BaseWeights(base))
        more = {ERROR_KEY: f"{error:.5f}"}
    path = Path(path) if path else read.path.parent / f"{read.name}_kohya.safetensors"
    header = kohya_header(layers, read.metadata, read.name) | more
    return safetensors_file.write(path, layouts.to_kohya(layers), header)


def kohya_header(layers, header, name):
    """What the web UIs show of a file: kohya-ss's own keys, the model specification's title, and ours."""
    rank = max(len(tensors["down"]) for tensors in layers.tensors.values())
    return {
        "ss_network_module": "networks.lora",
        "ss_network_dim": str(rank),
        "ss_network_alpha": str(float(rank)),
        "ss_base_model_version": "sd_v1",
        "ss_output_name": name,
        "ss_tag_frequency": json_text.dumps({"dataset": {header["trigger"]: 1}} if header.get("trigger") else {}),
        "modelspec.title": name[:LONGEST_TITLE],
        "modelspec.architecture": "stable-diffusion-v1/lora",
        **{key: header[key] for key in (KEY, "trigger", "base_model") if header.get(key)},
    }


def merge(adapter, base, folder, scale=1.0):
    """Write ``folder``: the base with the adapter added to its weights, in the precision of a half-size file."""
    folder = Path(folder)
    if folder.exists():
        raise Problem(f"{folder} exists", "a new folder", "choose another --merge")
    pipeline = load_pipeline(locate_base(base))
    pipeline.load_lora_weights(adapter)
    params = pipeline.params
    pipeline.fuse_lora(lora_scale=scale)
    pipeline.unload_lora_weights()
    with atomic.replacing_folder(folder) as unfinished:
        copy_base(base, unfinished)
        pipeline.unet.to(torch.float16).save_pretrained(unfinished / "unet")
        save_text_encoder(pipeline.text_encoder, unfinished / "text_encoder")
        json_file.write(unfinished / MODEL_FILE, params.to_dict())
    return folder


def save_text_encoder(encoder, folder):
    """The text encoder's weights with the prefix that transformers 4 needs; without it, it would load random ones."""
    for old in folder.glob("*.safetensors*"):
        old.unlink()
    state = {f"text_model.{n.removeprefix('text_model.')}": t.contiguous() for n, t in encoder.state_dict().items()}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
