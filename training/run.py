"""One run from a dataset to an adapter: read, cache, train, save, listen. Everything it decides lies in run.json."""

import json
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from . import base as base_model
from . import collection, latents, listen
from .events import EventLog
from .loop import Loop
from .methods import lora

PACKAGES = ("torch", "diffusers", "transformers", "peft", "accelerate")


@dataclass
class RunReport:
    """What a run made: its folder, adapter file, and the validation loss before and after."""

    folder: Path
    adapter: Path
    before: float
    after: float


class Stages:
    """Progress of a run's stages: ``update(stage, done, total)``; the default is silent."""

    def update(self, stage, done, total, note=""):
        pass


def _facts(settings, data, base, trainable, result, seconds):
    """run.json: settings, data, base, what was trained, how it went, and with which library versions."""
    return {
        "settings": settings.to_dict(),
        "base": settings.base,
        "dataset": {"name": data.name, "train": len(data.training), "validation": len(data.validation)},
        "licences": data.licences,
        "spectrogram_params": data.params.to_dict(),
        "prediction_type": base.scheduler.config.prediction_type,
        "trainable_parameters": trainable,
        "validation": {str(step): loss.to_dict() for step, loss in result.validations.items()},
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "versions": {name: version(name) for name in PACKAGES},
    }


def _prepare(settings, dataset, folder, stages):
    """Read the data and the base, fill the cache, and let the encoders go."""
    data = collection.read(dataset, settings.seed)
    base = base_model.load(settings.base)
    base_model.check_picture_size(base, data.pictures)
    cached = latents.cache(
        folder.parent / ".cache", data.pictures, data.captions, base.vae, base.tokenizer, base.text_encoder,
        progress=lambda done, total: stages.update("caching latents", done, total),
    )  # fmt: skip
    base.free_encoders()
    return data, base, cached


def train(settings, dataset, folder, stages=None):
    """Train an adapter on a dataset folder or Hub name and write everything into ``folder``; returns a RunReport.

    Files: pytorch_lora_weights.safetensors, run.json, settings.yaml, events.jsonl, samples/.
    """
    import torch
    import yaml
    from accelerate import Accelerator

    stages, folder, clock = stages or Stages(), Path(folder), {"start": time.monotonic()}
    torch.manual_seed(settings.seed)
    accelerator = Accelerator(mixed_precision=settings.precision, cpu=not torch.cuda.is_available())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings.to_dict(), sort_keys=False), encoding="utf-8")
    (folder / "events.jsonl").unlink(missing_ok=True)
    events = EventLog(folder / "events.jsonl")
    data, base, cached = _prepare(settings, dataset, folder, stages)
    clock["cached"] = time.monotonic()
    parameters = lora.attach(base.unet, settings)
    loop = Loop(settings, accelerator, base.unet, parameters, base.scheduler, cached, data.training, data.validation)
    trainable = sum(p.numel() for p in parameters)
    events.write("start", clips=len(data.training), trainable_parameters=trainable, settings=settings.to_dict())
    result = loop.run(events, lambda step, total, loss: stages.update("training", step, total, f"loss {loss:.4f}"))
    clock["trained"] = time.monotonic()
    adapter = folder / lora.WEIGHTS_FILE
    if accelerator.is_main_process:
        extra = {"base_model": settings.base, "trigger": settings.trigger}
        lora.save(accelerator.unwrap_model(loop.unet), folder, data.params, extra)
        seconds = {"cache": clock["cached"] - clock["start"], "train": clock["trained"] - clock["cached"]}
        facts = _facts(settings, data, base, trainable, result, seconds)
        (folder / "run.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        _listen(settings, data, adapter, folder, stages)
    events.write("end", validation=result.validations[settings.steps].to_dict())
    return RunReport(folder, adapter, result.validations[0].loss, result.validations[settings.steps].loss)


def _listen(settings, data, adapter, folder, stages):
    if settings.samples:
        stages.update("listening", 0, 1)
        prompts = listen.choose_prompts([data.captions[i] for i in data.training], settings.samples)
        listen.before_and_after(settings.base, adapter, prompts, folder / "samples", settings.seed)
        stages.update("listening", 1, 1)
