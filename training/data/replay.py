"""Clips of what the base already knew, trained on beside the new sound, so that it is not forgotten.

Ruiz et al. 2023 call it prior preservation. They come from the dataset's other clips, from a dataset that the user
names, or from the base itself, where it knows sounds: a base of photographs would paint photographs. What a base makes
is kept as its sampler leaves it, cached by base, prompts and seed, so a second run on the same base starts at once.
"""

import hashlib
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from dataset_builder.soundscapes.synthesis.catalogue import CATALOGUE, CLASSES
from spectrogram import json_text
from spectrogram.files import atomic
from spectrogram.files.texts.encodings import text_of
from spectrogram.known_bases import PICTURES, BaseFacts
from spectrogram.problems import UsageProblem
from training.base import open_pipeline
from training.data.latents import clips_at_once

NOTHING, OTHERS, DATASET, BASE = "nothing", "the dataset's other clips", "another dataset", "the base itself"
# As many of the embedded base's clips as generate at once.
BATCH = 14


def source_of(settings, facts: BaseFacts) -> str:
    """Where the replay comes from; raises UsageProblem for one that would mean nothing to this base."""
    if settings.instance_label:
        return OTHERS
    if settings.method == "aesthetic":
        return NOTHING if settings.aesthetic_through == "words" else _of_the_base(settings, facts)
    if not settings.replay or not settings.replay_clips:
        return NOTHING
    if settings.replay_dataset:
        return DATASET
    return _of_the_base(settings, facts)


def _of_the_base(settings, facts: BaseFacts) -> str:
    """BASE, where what the base paints is a sound that it is asked for; raises UsageProblem where it is not."""
    why = "--aesthetic-through picture" if settings.method == "aesthetic" else f"--replay {settings.replay:g}"
    if facts.base.knows == PICTURES and facts.found != "assumed":
        raise UsageProblem(
            f"{why} with {facts.base.title}",
            "a base that knows sounds: this one would paint photographs",
            "leave it out, or give --replay-dataset FOLDER with sounds to keep",
        )
    named = settings.replay_prompts or (settings.method == "dreambooth" and facts.knows_sounds)
    if not (facts.own_sounds or named):
        raise UsageProblem(
            f"{why} with {settings.base}, of which it is not known what sounds it makes",
            "sounds that it knows",
            "give --replay-prompts FILE with prompts of such sounds, or --replay-dataset FOLDER, or leave it out",
        )
    return BASE


def prompts(settings, facts: BaseFacts) -> list[str]:
    """The prompts that the base is asked with: those of a file, else a few wordings of each of the project's sounds.

    DreamBooth's prior preservation adds its class prompt, a sixth of the whole, or asks for nothing else where the
    base does not know the project's sounds.
    """
    if settings.replay_prompts:
        path = Path(settings.replay_prompts)
        if not path.is_file():
            raise UsageProblem(f"{path} is no file", "a text file with one prompt a line", "check --replay-prompts")
        listed = [line.strip() for line in text_of(path).splitlines() if line.strip()]
        if not listed:
            raise UsageProblem(f"{path} is empty", "a text file with one prompt a line", "check --replay-prompts")
    elif facts.own_sounds:
        sounds = [CATALOGUE[label].phrases for label in CLASSES]
        listed = [phrases[n % len(phrases)] for n in range(4) for phrases in sounds]
    else:
        return [settings.class_prompt] * settings.replay_clips
    texts = [listed[n % len(listed)] for n in range(settings.replay_clips)]
    kind = [settings.class_prompt] * max(1, len(texts) // 5) if settings.method == "dreambooth" else []
    return texts + kind


def make(settings, facts, base_key, folder, progress=lambda done, total, note="": None, steps=None):
    """What the base makes of its prompts, read from ``folder`` if the same base made it before.

    The seed is always 0, so that runs of other seeds share the clips.

    Returns:
        (latents (clips, c, h, w), prompts).
    """
    texts = prompts(settings, facts)
    told = json_text.dumps([base_key, texts, *([steps] if steps else [])])
    path = Path(folder) / f"replay-{hashlib.sha256(told.encode()).hexdigest()[:16]}.safetensors"
    if not path.exists():
        made = _generate(settings, texts, progress, steps)
        with atomic.replacing(path) as unfinished:
            save_file({"latents": made.contiguous()}, unfinished)
    progress(len(texts), len(texts))
    return load_file(path)["latents"], texts


def _generate(settings, texts, progress, steps):
    """Latents (clips, c, h, w) of each prompt, under the run's memory plan."""
    pipeline = open_pipeline(settings)
    pipeline.set_progress_bar_config(disable=True)
    params, made = pipeline.params, []
    batch = clips_at_once(params.height, params.width, BATCH, settings.vram)
    for start in range(0, len(texts), batch):

        def within(pipe, step, timestep, values, done=start):
            progress(done, len(texts), f"denoising step {step + 1}")
            return values

        few = texts[start : start + batch]
        more = {"num_inference_steps": steps} if steps else {}
        result = pipeline(few, seed=start, output_type="latent", callback_on_step_end=within, **more)
        made.append(result.images.float().cpu())
        progress(start + len(few), len(texts))
    return torch.cat(made)
