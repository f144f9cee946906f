"""Full fine-tuning: every weight of the UNet, with an average of the weights (EMA) that is what is saved.

The result is a whole model folder, so that it is named where a base is named: ``--base runs/NAME/model``.
"""

import json
import shutil
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from diffusers.training_utils import EMAModel

from spectrogram.bases import GENERATION_FILE, locate_base, read_beside
from spectrogram.files import atomic, json_file
from spectrogram.known_bases import TRAINING_FILE
from spectrogram.models import load_pipeline
from spectrogram.params import MODEL_FILE
from training.method_table import MODEL_FOLDER
from training.methods.method import Method


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
        self.ema = None

    def after_step(self):
        """Move the average towards the weights; early on faster, so that it does not remember the beginning."""
        if not self.settings.ema:
            return
        if self.ema is None:
            self.ema = self._average()
        self.ema.step(self.parameters)

    def _average(self):
        """A fresh average; made when the weights lie on their device, because it stays where they are."""
        return EMAModel(self.parameters, decay=self.settings.ema)

    def state(self):
        state = super().state()
        if self.ema is not None:
            state["ema"] = {str(n): tensor.cpu().clone() for n, tensor in enumerate(self.ema.shadow_params)}
            state["ema"]["updates"] = torch.tensor(self.ema.optimization_step)
        return state

    def restore(self, tensors_of):
        super().restore(tensors_of)
        if self.settings.ema:
            tensors, self.ema = tensors_of("ema"), self._average()
            self.ema.optimization_step = int(tensors.pop("updates"))
            self.ema.shadow_params = [tensors[str(n)].to(p.device) for n, p in enumerate(self.parameters)]

    def save(self, folder, params, extra):
        """The base's folder with this UNet in half precision; codec parameters lie beside it."""
        folder = Path(folder) / MODEL_FOLDER.file
        if self.ema is not None:
            self.ema.copy_to(self.parameters)
        with atomic.replacing_folder(folder) as unfinished:
            copy_base(self.settings.base, unfinished)
            self.unet.to(torch.float16).save_pretrained(unfinished / "unet")
            self._write_schedule(unfinished / "scheduler" / "scheduler_config.json")
            json_file.write(unfinished / MODEL_FILE, params.to_dict())
            json_file.write(unfinished / "training.json", extra)
        return folder

    def _write_schedule(self, path):
        """The base's own sampler, told what this UNet was trained to answer and under which noise."""
        sampler = json.loads(path.read_text(encoding="utf-8"))
        changed = self.settings.prediction != "base" or self.settings.zero_snr
        for name in ("prediction_type", "rescale_betas_zero_snr", "timestep_spacing") if changed else ():
            sampler[name] = self.schedule[name]
        json_file.write(path, sampler)

    @staticmethod
    def load_into(pipeline, saved):
        return load_pipeline(saved)


def copy_base(base, folder):
    """All parts of a base but its UNet: copied from a folder, written anew from the Hub's cache."""
    location = locate_base(base)
    if Path(location).is_dir():
        kept = shutil.ignore_patterns("unet", "README.md", "*.jsonl", "sha256.json", ".*")
        shutil.copytree(location, folder, ignore=kept, dirs_exist_ok=True)
        return
    StableDiffusionPipeline.from_pretrained(location, use_safetensors=True, safety_checker=None).save_pretrained(folder)
    shutil.rmtree(folder / "unet")
    for name in (GENERATION_FILE, TRAINING_FILE):
        told = read_beside(location, name)
        if told:
            (folder / name).write_text(told, encoding="utf-8")


TAUGHT = Full
