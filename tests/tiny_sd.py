"""A random Stable Diffusion 1.x of half a million parameters, so that no test needs shipped weights.

It has the parts, the file names and the scheduler of the embedded base (v-prediction, zero-terminal SNR, DDIM with
trailing timesteps, 16 x 32 latents, 128 x 256 pictures), and weights that mean nothing.
"""

import json
from pathlib import Path

SPECIALS = ("<|startoftext|>", "<|endoftext|>")
MERGES = ("r a", "i n</w>", "ra in</w>", "t h", "th e</w>", "b e", "l l</w>")
SCHEDULER = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
    "rescale_betas_zero_snr": True,
    "timestep_spacing": "trailing",
    "steps_offset": 1,
    "clip_sample": False,
}


def byte_characters() -> list[str]:
    """The 256 printable stand-ins for bytes, in the order of CLIP's vocabulary (GPT-2's table)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + index) for index in range(len(hidden))]


def write_tokenizer(folder: Path) -> Path:
    """Write vocab.json and merges.txt in CLIP's layout: bytes, bytes that end a word, merges, two specials."""
    folder.mkdir(parents=True, exist_ok=True)
    letters = byte_characters()
    merged = [merge.replace(" ", "") for merge in MERGES]
    tokens = [*letters, *(letter + "</w>" for letter in letters), *merged, *SPECIALS]
    (folder / "vocab.json").write_text(json.dumps({token: index for index, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(MERGES) + "\n")
    return folder


def text_parts(folder: Path):
    """(CLIPTokenizer, CLIPTextModel) with a width of 32."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(str(write_tokenizer(folder)), model_max_length=77)
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        projection_dim=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=77,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return tokenizer, CLIPTextModel(config).eval()


def image_parts():
    """(AutoencoderKL with factor 8, UNet2DConditionModel with attention below its top level)."""
    from diffusers import AutoencoderKL, UNet2DConditionModel

    vae = AutoencoderKL(
        block_out_channels=(8, 8, 16, 16),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        layers_per_block=1,
        norm_num_groups=4,
        sample_size=256,
    )
    unet = UNet2DConditionModel(
        sample_size=16,
        block_out_channels=(16, 32, 32),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        attention_head_dim=4,
        cross_attention_dim=32,
        norm_num_groups=8,
    )
    return vae.eval(), unet.eval()


def build_tiny_sd(folder: str | Path, seed: int = 0) -> Path:
    """Save the random model with `spectrogram.json` (preset mini) and `generation.json`; returns its folder."""
    import torch
    from diffusers import DDIMScheduler, StableDiffusionPipeline

    from spectrogram.params import SpectrogramParams

    folder = Path(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        tokenizer, text_encoder = text_parts(folder / "tokenizer")
        vae, unet = image_parts()
    pipeline = StableDiffusionPipeline(
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=DDIMScheduler(**SCHEDULER),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder)
    (folder / "spectrogram.json").write_text(json.dumps(SpectrogramParams.preset("mini").to_dict(), indent=1))
    (folder / "generation.json").write_text(json.dumps({"steps": 20, "guidance": 3.0, "guidance_rescale": 0.5}))
    defaults = {"title": "the tiny base", "knows": "sounds", "teaching": {}}
    (folder / "training_defaults.json").write_text(json.dumps(defaults))
    return folder


def build_tiny_lora(base: str | Path, folder: str | Path, rank: int = 4, metadata: dict | None = None) -> Path:
    """Save a random LoRA for the attention of `base`, as training saves one; returns its folder."""
    import torch
    from diffusers import StableDiffusionPipeline, UNet2DConditionModel
    from diffusers.training_utils import _collate_lora_metadata
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict
    from safetensors.torch import load_file, save_file

    unet = UNet2DConditionModel.from_pretrained(base, subfolder="unet")
    unet.add_adapter(LoraConfig(r=rank, lora_alpha=rank, target_modules=["to_q", "to_v", "proj_in"]))
    generator = torch.Generator().manual_seed(0)
    for name, weight in unet.named_parameters():
        if "lora_B" in name:
            weight.data.normal_(std=0.3, generator=generator)
    layers = get_peft_model_state_dict(unet)
    StableDiffusionPipeline.save_lora_weights(folder, layers, **_collate_lora_metadata({"unet": unet}))
    if metadata is not None:
        file = Path(folder) / "pytorch_lora_weights.safetensors"
        save_file(load_file(file), file, metadata=metadata)
    return Path(folder)
