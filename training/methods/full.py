"""Full fine-tuning: every weight of the UNet, with an average of the weights (EMA) that is what is saved.

The result is a whole model folder, so that it is named where a base is named: ``--base runs/NAME/model``.
"""

import json
import shutil
from pathlib import Path

from spectrogram.bases import GENERATION_FILE, read_beside
from spectrogram.files import atomic
from spectrogram.params import MODEL_FILE
from training.base import locate
from training.methods.method import Method, assign

MODEL_FOLDER = "model"


def captions(settings, captions):
    """The dataset's own wordings."""
    return captions


def build(settings, base):
    return Full(settings, base)


class Full(Method):
    """All weights of the base's UNet."""

    def prepare(self):
        # What is trained stays in single precision, whatever --half-base says of frozen weights.
        self.unet.float().requires_grad_(True)
        self.averaged, self.updates = None, 0

    def after_step(self):
        """Move the average towards the weights; early on faster, so that it does not remember the beginning."""
        import torch

        if not self.settings.ema:
            return
        self.updates += 1
        decay = min(self.settings.ema, (1 + self.updates) / (10 + self.updates))
        with torch.no_grad():
            if self.averaged is None:
                self.averaged = [p.detach().clone() for p in self.parameters]
            torch._foreach_lerp_(self.averaged, [p.detach() for p in self.parameters], 1 - decay)

    def state(self):
        import torch

        state = super().state()
        if self.averaged is not None:
            state["ema"] = {str(n): tensor.cpu().clone() for n, tensor in enumerate(self.averaged)}
            state["ema"]["updates"] = torch.tensor(self.updates)
        return state

    def restore(self, tensors_of):
        super().restore(tensors_of)
        if self.settings.ema:
            tensors = tensors_of("ema")
            self.updates = int(tensors.pop("updates"))
            self.averaged = [tensors[str(n)].to(p.device) for n, p in enumerate(self.parameters)]

    def save(self, folder, params, extra):
        """The base's folder with this UNet in half precision; codec parameters lie beside it."""
        import torch

        folder = Path(folder) / MODEL_FOLDER
        if self.averaged is not None:
            names = [name for name, p in self.student.named_parameters() if p.requires_grad]
            assign(self.student, dict(zip(names, self.averaged, strict=True)))
        with atomic.replacing_folder(folder) as unfinished:
            copy_base(self.settings.base, unfinished)
            self.unet.to(torch.float16).save_pretrained(unfinished / "unet")
            self._write_schedule(unfinished / "scheduler" / "scheduler_config.json")
            (unfinished / MODEL_FILE).write_text(json.dumps(params.to_dict(), indent=1) + "\n", encoding="utf-8")
            (unfinished / "training.json").write_text(json.dumps(extra, indent=1) + "\n", encoding="utf-8")
        return folder

    def _write_schedule(self, path):
        """The base's own sampler, told what this UNet was trained to answer and under which noise."""
        sampler = json.loads(path.read_text(encoding="utf-8"))
        changed = self.settings.prediction != "base" or self.settings.zero_snr
        for name in ("prediction_type", "rescale_betas_zero_snr", "timestep_spacing") if changed else ():
            sampler[name] = self.schedule[name]
        path.write_text(json.dumps(sampler, indent=1) + "\n", encoding="utf-8")

    @staticmethod
    def load_into(pipeline, saved):
        from spectrogram.models import load_pipeline

        return load_pipeline(saved)


def copy_base(base, folder):
    """All parts of a base but its UNet: copied from a folder, written anew from the Hub's cache."""
    location = locate(base)
    if Path(location).is_dir():
        kept = shutil.ignore_patterns("unet", "README.md", "*.jsonl", "sha256.json", ".*")
        shutil.copytree(location, folder, ignore=kept, dirs_exist_ok=True)
        return
    from diffusers import StableDiffusionPipeline

    StableDiffusionPipeline.from_pretrained(location, use_safetensors=True, safety_checker=None).save_pretrained(folder)
    shutil.rmtree(folder / "unet")
    generation = read_beside(location, GENERATION_FILE)
    if generation:
        (folder / GENERATION_FILE).write_text(generation, encoding="utf-8")
