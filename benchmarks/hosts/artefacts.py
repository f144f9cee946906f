"""Our files as a host gets them, and what diffusers makes of each: adapters and a word of a small random base.

The base has every layer of Stable Diffusion 1.5's UNet and text encoder, with few channels, so that a host's loader
meets all names and kinds of layers in seconds.
"""

import shutil
from pathlib import Path

from spectrogram.files import json_file

KINDS = {
    "LoRA": {"variant": "lora"},
    "LoRA, every layer and text encoder": {"variant": "lora", "targets": "wide", "text_encoder": True},
    "rsLoRA": {"variant": "rslora"},
    "DoRA": {"variant": "dora"},
    "DoRA, every layer and text encoder": {"variant": "dora", "targets": "wide", "text_encoder": True},
    "LoHa": {"variant": "loha"},
    "LoKr": {"variant": "lokr"},
}
WORD = "word"
RANK = 4
# Wide enough that the change is of the weights' own size, as after a long training.
SPREAD = 0.2


def slug(kind: str) -> str:
    return kind.lower().replace(",", "").replace(" ", "-")


def make(folder: Path) -> dict[str, str]:
    """Fill ``folder`` and return {kind: reason} of those that the export refuses.

    base/             the model            weights.safetensors   its layers by "part.name"
    KIND.safetensors  what a host gets     wanted/KIND.safetensors   the layers after diffusers merged the adapter
    """
    from safetensors.torch import save_file

    from spectrogram.problems import Problem

    folder = Path(folder)
    build_base(folder / "base")
    (folder / "wanted").mkdir()
    save_file(layers_of(open_base(folder)), folder / "weights.safetensors")
    refused = {}
    for kind, settings in KINDS.items():
        try:
            make_adapter(folder, kind, settings)
        except Problem as problem:
            refused[kind] = str(problem)
    make_word(folder)
    return refused


def build_base(folder: Path):
    """A Stable Diffusion 1.5 of random weights with 32 to 96 channels."""
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    from benchmarks.pipeline.sd15 import SCHEDULER, TEXT, UNET, VAE
    from spectrogram.bases import locate_base
    from spectrogram.params import SpectrogramParams
    from training.exchange import export

    torch.manual_seed(0)
    tokenizer = CLIPTokenizer.from_pretrained(locate_base(None), subfolder="tokenizer")
    width = {"block_out_channels": (32, 64, 96, 96), "cross_attention_dim": 48, "attention_head_dim": 4}
    text = {"hidden_size": 48, "intermediate_size": 96, "num_attention_heads": 4, "projection_dim": 48}
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    pipeline = StableDiffusionPipeline(
        vae=AutoencoderKL(**(VAE | {"block_out_channels": (8, 8, 8, 8), "norm_num_groups": 4})),
        unet=UNet2DConditionModel(**(UNET | width), norm_num_groups=8),
        text_encoder=CLIPTextModel(CLIPTextConfig(**(TEXT | text | ends | {"vocab_size": len(tokenizer)}))),
        tokenizer=tokenizer,
        scheduler=DDIMScheduler(**SCHEDULER),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder)
    export.save_text_encoder(pipeline.text_encoder, folder / "text_encoder")
    # As the base keeps it, with the two files that transformers 4 reads and 5 does not write.
    shutil.copytree(Path(locate_base(None)) / "tokenizer", folder / "tokenizer", dirs_exist_ok=True)
    params = SpectrogramParams.preset("sd15").to_dict()
    json_file.write(folder / "spectrogram.json", params, indent=None)


def open_base(folder: Path):
    """The base as stock diffusers opens it."""
    from diffusers import StableDiffusionPipeline

    return StableDiffusionPipeline.from_pretrained(folder / "base", safety_checker=None)


def layers_of(pipeline) -> dict:
    """{"unet.NAME" or "text_encoder.NAME": weight} of every layer."""
    return {
        f"{part}.{name.removesuffix('.weight').removeprefix('text_model.')}": weight.detach().clone().contiguous()
        for part in ("unet", "text_encoder")
        for name, weight in getattr(pipeline, part).named_parameters()
        if name.endswith(".weight")
    }


def make_adapter(folder: Path, kind: str, settings: dict):
    """Save an adapter with random weights as training saves one, export it, and let diffusers merge it."""
    import torch

    from spectrogram.params import SpectrogramParams
    from training import base as bases
    from training.exchange import export
    from training.flags import settings_of
    from training.methods import lora

    base = str(folder / "base")
    torch.manual_seed(1)
    method = lora.build(settings_of({"rank": RANK, "base": base, **settings}), bases.load(base))
    for tensor in method.parameters:
        tensor.data += SPREAD * torch.randn(tensor.shape)
    extra = {"trigger": "tawny", "base_model": base}
    adapter = method.save(folder / "adapters" / slug(kind), SpectrogramParams.preset("sd15"), extra)
    merge(folder, adapter, folder / "wanted" / f"{slug(kind)}.safetensors")
    export.kohya(adapter, base, folder / f"{slug(kind)}.safetensors")


def merge(folder: Path, adapter: Path, out: Path):
    """Write the layers of the base after stock diffusers has merged an adapter of ours."""
    from safetensors.torch import save_file

    pipeline = open_base(folder)
    pipeline.load_lora_weights(adapter.parent, weight_name=adapter.name)
    pipeline.fuse_lora()
    pipeline.unload_lora_weights()
    save_file(layers_of(pipeline), out)


def make_word(folder: Path):
    """Save a word of two vectors as training saves one for web UIs; diffusers reads training's own file of it."""
    import torch
    from safetensors.torch import save_file

    from spectrogram.params import SpectrogramParams
    from training import base as bases
    from training.flags import settings_of
    from training.methods import textual_inversion

    base = str(folder / "base")
    told = {"method": "textual_inversion", "trigger": "<tawny>", "vectors": 2, "initial_word": "rain", "base": base}
    saved = textual_inversion.build(settings_of(told), bases.load(base)).save(
        folder / "words", SpectrogramParams.preset("sd15"), {}
    )
    (folder / "words" / "tawny.safetensors").rename(folder / f"{WORD}.safetensors")
    pipeline = open_base(folder)
    pipeline.load_textual_inversion(saved)
    ids = pipeline.tokenizer.convert_tokens_to_ids(["<tawny>", "<tawny>_1"])
    table = pipeline.text_encoder.get_input_embeddings().weight.detach()
    save_file({WORD: torch.stack([table[n] for n in ids])}, folder / "wanted" / f"{WORD}.safetensors")
