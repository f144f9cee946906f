"""LoRA: small matrices beside frozen weights (Hu et al. 2021), through peft; also DoRA, rsLoRA, LoHa and LoKr.

Alpha equals the rank, and rsLoRA's factor is multiplied in when it is saved, because files that say otherwise are read
wrongly by tools that ignore the metadata (diffusers below 0.35 does). LoHa and LoKr are saved as the LoRA that equals
them exactly (`flatten.py`), so that every tool can load them.
"""

from pathlib import Path

from diffusers import StableDiffusionPipeline
from diffusers.training_utils import _collate_lora_metadata, cast_training_params
from peft import LoHaConfig, LoKrConfig, LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import load_file

from spectrogram import json_text
from spectrogram.adapters import layouts, safetensors_file
from spectrogram.adapters.kinds import LORA
from spectrogram.params import KEY
from spectrogram.problems import UsageProblem
from training.fast_cpu import merged_products
from training.methods import flatten
from training.methods.method import Method
from training.settings import TARGETS

TEXT_TARGETS = ("q_proj", "k_proj", "v_proj", "out_proj")


def captions(settings, captions):
    """The dataset's own wordings."""
    return captions


def build(settings, base):
    return Lora(settings, base)


def config(settings, targets):
    """The peft configuration of the chosen variant."""
    common = {"r": settings.rank, "target_modules": list(targets)}
    if settings.variant == "loha":
        return LoHaConfig(alpha=settings.rank, **common)
    if settings.variant == "lokr":
        return LoKrConfig(alpha=settings.rank, **common)
    flags = {"use_dora": settings.variant == "dora", "use_rslora": settings.variant == "rslora"}
    return LoraConfig(lora_alpha=settings.rank, **common, **flags)


class Lora(Method):
    """An adapter beside the UNet's layers and, with ``--text-encoder``, beside the text encoder's attention."""

    def __init__(self, settings, base):
        self.reads_words = settings.text_encoder
        super().__init__(settings, base)

    def prepare(self):
        names = TARGETS[self.settings.targets]
        if self.settings.variant in flatten.EXACT and self.settings.targets != "attention":
            raise UsageProblem(
                f"{self.settings.variant} with --targets {self.settings.targets}",
                "attention",
                "use --targets attention",
            )
        if not any(name.endswith(names) for name, _ in self.unet.named_modules()):
            raise UsageProblem(f"no layer ends in {names}", "a Stable Diffusion UNet", "choose other --targets")
        self.unet.requires_grad_(False)
        self.unet.add_adapter(config(self.settings, names))
        cast_training_params(self.unet)
        if self.reads_words:
            self.text_encoder.requires_grad_(False)
            self.text_encoder.add_adapter(config(self.settings, TEXT_TARGETS))
            cast_training_params(self.text_encoder)
        merged_products.use(self.unet)

    def parts(self):
        return {"unet": self.unet, **({"text_encoder": self.text_encoder} if self.reads_words else {})}

    def save(self, folder, params, extra):
        """Write the adapter where stock ``load_lora_weights`` finds it; its header holds parameters and ``extra``."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        modules = {"unet": self.unet, **({"text_encoder": self.text_encoder} if self.reads_words else {})}
        layers = {f"{part}_lora_layers": self._layers(part, module) for part, module in modules.items()}
        metadata = {} if self.settings.variant in flatten.EXACT else _collate_lora_metadata(modules)
        for told in metadata.values():
            told["use_rslora"] = False
        StableDiffusionPipeline.save_lora_weights(folder, **layers, **metadata)
        header = {KEY: json_text.dumps(params.to_dict()), "variant": self.settings.variant, **extra}
        return add_header(folder / LORA.file, header)

    def _layers(self, part, module):
        """State of the adapter in peft's names; the text encoder's with the prefix that older readers expect."""
        layers = get_peft_model_state_dict(module)
        if self.settings.variant in flatten.EXACT:
            layers = flatten.to_lora(layers, self.settings.variant)
        if self.settings.variant == "rslora":
            # peft's factor is alpha / sqrt(rank), and alpha equals the rank.
            strength = self.settings.rank**0.5
            layers = {name: value * strength if "lora_B" in name else value for name, value in layers.items()}
        if part == "text_encoder":
            layers = {f"text_model.{name.removeprefix('text_model.')}": value for name, value in layers.items()}
            known = layouts.MAGNITUDES
            layers = {name.replace(known["unet"], known[part]): value for name, value in layers.items()}
        return layers

    @staticmethod
    def load_into(pipeline, saved):
        pipeline.load_lora_weights(saved)
        return pipeline


TAUGHT = Lora


def add_header(path, entries):
    """Add text entries to a safetensors header, keeping what is there; equal weights make equal files."""
    header = safetensors_file.read_header(Path(path)).get("__metadata__", {})
    return safetensors_file.write(path, load_file(path), layouts.canonical({**header, **entries}))
