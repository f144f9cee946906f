"""The finished parts as a diffusers folder that stock ``StableDiffusionPipeline.from_pretrained`` loads anywhere.

UNet and VAE are stored in half precision. The text encoder stays in single precision, because transformers keeps the
stored precision while diffusers does not, and a plain call must not end in mixed types. Its keys carry the old
``text_model.`` prefix: both transformers 4 and 5 read them; without it, 4 would load random weights.
"""

import hashlib
import json
from pathlib import Path

from diffusers import StableDiffusionPipeline
from safetensors.torch import load_file, save_file

from spectrogram.files import json_file
from spectrogram.params import SpectrogramParams

# Small enough for any code host; diffusers puts the parts of a split file together by itself.
LARGEST_FILE = "9MB"


def _with_old_prefix(path):
    weights = load_file(path)
    renamed = {k if k.startswith("text_model.") else f"text_model.{k}": v.contiguous() for k, v in weights.items()}
    save_file(renamed, path, metadata={"format": "pt"})


def _strip_local_paths(folder):
    for config in Path(folder).rglob("*.json"):
        values = json.loads(config.read_text(encoding="utf-8"))
        if isinstance(values, dict) and "_name_or_path" in values:
            del values["_name_or_path"]
            json_file.write(config, values, indent=2)


def checksums(folder):
    """sha256 of every weight file, by path relative to the folder."""
    folder = Path(folder)
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.safetensors"))
    }


def write_checksums(folder):
    """Write the checksums of all weights into sha256.json; returns them."""
    sums = checksums(folder)
    json_file.write(Path(folder) / "sha256.json", sums)
    return sums


def assemble(folder, settings, vae, unet, encoder, tokenizer, scheduler, log):
    """Write the model folder, with ``log`` as training_log.json; returns the checksums that are in its sha256.json."""
    folder = Path(folder)
    pipeline = StableDiffusionPipeline(
        vae=vae.half(),
        text_encoder=encoder.float(),
        tokenizer=tokenizer,
        unet=unet.half(),
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder, safe_serialization=True, max_shard_size=LARGEST_FILE)
    _with_old_prefix(folder / "text_encoder" / "model.safetensors")
    for name in ("vocab.json", "merges.txt"):
        source = Path(tokenizer.init_kwargs.get("vocab_file") or tokenizer.name_or_path)
        source = source if source.is_dir() else source.parent
        (folder / "tokenizer" / name).write_bytes((source / name).read_bytes())
    _strip_local_paths(folder)
    params = SpectrogramParams.preset(settings.preset)
    json_file.write(folder / "spectrogram.json", params.to_dict())
    names = ("steps", "guidance", "guidance_rescale", "aesthetic_rate")
    defaults = {name: getattr(settings, name) for name in names}
    json_file.write(folder / "generation.json", defaults)
    json_file.write(folder / "recipe.json", settings.to_dict())
    json_file.write(folder / "training_log.json", log)
    return write_checksums(folder)
