"""Clips that the base makes itself, once, to be trained on beside the new sound: what it knew is not forgotten.

Ruiz et al. 2023 call it prior preservation. The latents are taken as the sampler leaves them; neither the VAE nor the
codec is needed. They are cached by base, prompts and seed, so a second run on the same base starts at once.
"""

import hashlib
import json
from pathlib import Path

from spectrogram.files import atomic
from spectrogram.problems import UsageProblem

BATCH = 14


def prompts(settings):
    """The replay's prompts: those of a file, else a few wordings of each of the project's own sounds."""
    if settings.replay_prompts:
        path = Path(settings.replay_prompts)
        if not path.is_file():
            raise UsageProblem(f"{path} is no file", "a text file with one prompt a line", "check --replay-prompts")
        listed = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    else:
        from dataset_builder.soundscapes.synthesis.catalogue import CATALOGUE, CLASSES

        sounds = [CATALOGUE[label].phrases for label in CLASSES]
        listed = [phrases[n % len(phrases)] for n in range(4) for phrases in sounds]
    return [listed[n % len(listed)] for n in range(settings.replay_clips)]


def make(settings, base_key, folder, progress=lambda done, total: None):
    """(latents (clips, c, h, w), prompts); read from ``folder`` if the same base made them before.

    DreamBooth's prior preservation adds clips of its class prompt, a sixth of the whole. The seed is always 0, so that
    runs of other seeds share the clips.
    """
    import torch

    texts = prompts(settings)
    kinds = [texts]
    if settings.method == "dreambooth":
        kinds.append([settings.class_prompt] * max(1, len(texts) // 5))
    made = [_cached(settings, base_key, folder, part, progress) for part in kinds]
    return torch.cat(made), [text for part in kinds for text in part]


def _cached(settings, base_key, folder, texts, progress):
    from safetensors.torch import load_file, save_file

    told = json.dumps([base_key, texts])
    path = Path(folder) / f"replay-{hashlib.sha256(told.encode()).hexdigest()[:16]}.safetensors"
    if not path.exists():
        latents = _generate(settings, texts, progress)
        with atomic.replacing(path) as unfinished:
            save_file({"latents": latents.contiguous()}, unfinished)
    progress(len(texts), len(texts))
    return load_file(path)["latents"]


def _generate(settings, texts, progress):
    import torch

    from spectrogram.models import load_pipeline
    from training.base import locate

    pipeline = load_pipeline(locate(settings.base))
    pipeline.set_progress_bar_config(disable=True)
    made = []
    for start in range(0, len(texts), BATCH):
        batch = texts[start : start + BATCH]
        result = pipeline(batch, seed=start, output_type="latent")
        made.append(result.images.float().cpu())
        progress(start + len(batch), len(texts))
    return torch.cat(made)
