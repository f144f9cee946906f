"""diffusers' own pipelines, stock, on the embedded base."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open

from spectrogram.bases import EMBEDDED
from spectrogram.codec import SpectrogramCodec
from spectrogram.files import json_file
from spectrogram.params import SpectrogramParams

MINI = SpectrogramParams.preset("mini")


def test_every_stock_pipeline_opens_the_embedded_base(tiny_base):
    from diffusers import (
        AutoPipelineForImage2Image,
        AutoPipelineForInpainting,
        AutoPipelineForText2Image,
        StableDiffusionImg2ImgPipeline,
        StableDiffusionInpaintPipeline,
    )

    picture = SpectrogramCodec(MINI).encode(np.zeros((1, MINI.clip_samples), np.float32), MINI.sample_rate_hz)
    size, settings = {"width": MINI.width, "height": MINI.height}, {"num_inference_steps": 2}
    given = {
        AutoPipelineForText2Image: size,
        AutoPipelineForImage2Image: {"image": picture},
        StableDiffusionImg2ImgPipeline: {"image": picture},
        AutoPipelineForInpainting: {"image": picture, "mask_image": picture, **size},
        StableDiffusionInpaintPipeline: {"image": picture, "mask_image": picture, **size},
    }
    for kind, more in given.items():
        stock = kind.from_pretrained(EMBEDDED)
        # diffusers' inpainting paints with 4 channels of latents (or 9) alone, and the embedded base has 6.
        if "mask_image" in more:
            stock = kind.from_pretrained(tiny_base)
        stock.set_progress_bar_config(disable=True)
        assert stock("rain", **more, **settings).images[0].size == picture.size


def test_stock_inpainting_refuses_the_bases_latents_and_paints_once_it_is_told_of_four():
    """docs/pipeline.md says both: diffusers asks for the number, and computes nothing with it."""
    from diffusers import AutoPipelineForInpainting, StableDiffusionInpaintPipeline

    time_s = np.arange(MINI.clip_samples) / MINI.sample_rate_hz
    sound = 0.3 * np.sin(2 * np.pi * (500 + 300 * time_s) * time_s)[None].astype(np.float32)
    picture = SpectrogramCodec(MINI).encode(sound, MINI.sample_rate_hz).convert("RGB")
    right = Image.fromarray(np.repeat(255 * (np.arange(256) >= 192)[None].astype(np.uint8), 128, axis=0))

    def painted(stock):
        stock.set_progress_bar_config(disable=True)
        given = {"image": picture, "mask_image": right, "width": 256, "height": 128, "num_inference_steps": 3}
        return stock("rain", **given, output_type="latent", generator=torch.Generator().manual_seed(0)).images

    for kind in (StableDiffusionInpaintPipeline, AutoPipelineForInpainting):
        with pytest.raises(ValueError, match="should have either 4 or 9 input channels, not 6"):
            painted(kind.from_pretrained(EMBEDDED))
    stock = AutoPipelineForInpainting.from_pretrained(EMBEDDED)
    stock.unet.register_to_config(in_channels=4)
    found = painted(stock) / stock.vae.config.scaling_factor
    with torch.no_grad():
        pixels = torch.tensor(np.asarray(picture)).permute(2, 0, 1)[None].float() / 127.5 - 1
        seen = stock.vae.encode(pixels).latent_dist
    assert found.shape == (1, 6, 16, 32)
    off = (found - seen.mean).abs()
    assert off[..., :24].max() < 1e-3
    assert off[..., 24:].mean() > 0.5 * seen.mean.abs().mean()


# What the oldest diffusers that is said to open the base (0.30.3) takes: the settings of each part, by its own names.
# fmt: off
OLDEST = {
    "unet/config.json": """sample_size in_channels out_channels center_input_sample flip_sin_to_cos freq_shift
        down_block_types mid_block_type up_block_types only_cross_attention block_out_channels layers_per_block
        downsample_padding mid_block_scale_factor dropout act_fn norm_num_groups norm_eps cross_attention_dim
        transformer_layers_per_block reverse_transformer_layers_per_block encoder_hid_dim encoder_hid_dim_type
        attention_head_dim num_attention_heads dual_cross_attention use_linear_projection class_embed_type
        addition_embed_type addition_time_embed_dim num_class_embeds upcast_attention resnet_time_scale_shift
        resnet_skip_time_act resnet_out_scale_factor time_embedding_type time_embedding_dim time_embedding_act_fn
        timestep_post_act time_cond_proj_dim conv_in_kernel conv_out_kernel projection_class_embeddings_input_dim
        attention_type class_embeddings_concat mid_block_only_cross_attention cross_attention_norm
        addition_embed_type_num_heads""",
    "vae/config.json": """in_channels out_channels down_block_types up_block_types block_out_channels layers_per_block
        act_fn latent_channels norm_num_groups sample_size scaling_factor shift_factor latents_mean latents_std
        force_upcast use_quant_conv use_post_quant_conv mid_block_add_attention""",
    "scheduler/scheduler_config.json": """num_train_timesteps beta_start beta_end beta_schedule trained_betas
        clip_sample set_alpha_to_one steps_offset prediction_type thresholding dynamic_thresholding_ratio
        clip_sample_range sample_max_value timestep_spacing rescale_betas_zero_snr""",
}
# fmt: on
# Where its pipelines compare or multiply one number, a list ends in an error.
ONE_NUMBER = (
    "sample_size",
    "in_channels",
    "out_channels",
    "latent_channels",
    "norm_num_groups",
    "layers_per_block",
    "cross_attention_dim",
    "attention_head_dim",
    "steps_offset",
    "num_train_timesteps",
)  # fmt: skip
BLOCKS = {"DownBlock2D", "CrossAttnDownBlock2D", "UNetMidBlock2DCrossAttn", "CrossAttnUpBlock2D", "UpBlock2D",
          "DownEncoderBlock2D", "UpDecoderBlock2D"}  # fmt: skip


def too_new(folder):
    """What in a base's files the oldest diffusers and transformers 4 would stumble over, or pass by."""
    found = []
    for name, known in OLDEST.items():
        config = json_file.read(folder / name, dict)
        for key, value in config.items():
            blocks = {value} if key == "mid_block_type" else set(value) if key.endswith("_block_types") else set()
            if key.startswith("_"):
                continue
            if key not in known.split():
                found.append(f"{name}: {key} is not known")
            elif (key in ONE_NUMBER and type(value) is not int) or blocks - BLOCKS:
                found.append(f"{name}: {key} is {value}")
    index = json_file.read(folder / "model_index.json", dict)
    parts = {key: tuple(value) for key, value in index.items() if isinstance(value, list) and value[0]}
    named = {"scheduler": "DDIMScheduler", "text_encoder": "CLIPTextModel", "tokenizer": "CLIPTokenizer",
             "unet": "UNet2DConditionModel", "vae": "AutoencoderKL"}  # fmt: skip
    if {key: name for key, (_, name) in parts.items()} != named or index["_class_name"] != "StableDiffusionPipeline":
        found.append("model_index.json names other classes")
    # transformers 4: the tokenizer's two files, and the prefix without which it starts from random weights.
    found += [name for name in ("vocab.json", "merges.txt") if not (folder / "tokenizer" / name).is_file()]
    with safe_open(folder / "text_encoder" / "model.safetensors", "pt") as weights:
        names = weights.keys()
        found += [key for key in names if not key.startswith("text_model.")]
    return found


def test_the_embedded_base_holds_nothing_that_diffusers_030_does_not_know():
    assert too_new(EMBEDDED) == []


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("unet/config.json", "sample_size", [16, 32]),
        ("unet/config.json", "attention_head_dim", [4, 4, 4]),
        ("unet/config.json", "down_block_types", ["DownBlock3D"]),
        ("vae/config.json", "fresh_setting", True),
    ],
)
def test_a_value_that_an_old_diffusers_would_stumble_over_is_found(name, key, value, tmp_path):
    shutil.copytree(EMBEDDED, tmp_path / "base", ignore=shutil.ignore_patterns("diffusion*", "ear"))
    config = json_file.read(tmp_path / "base" / name, dict)
    json_file.write(tmp_path / "base" / name, config | {key: value})
    assert len(too_new(tmp_path / "base")) == 1
