"""Aesthetic gradients: nothing is trained beforehand; the ear's mean row of the pictures is what is learned.

The work is done when a prompt is read (`spectrogram.adapters.aesthetic`): its text encoder takes a few steps towards
the row. With --aesthetic-through picture it also learns what is not meant: rows of sounds that the base makes itself.
"""

from dataclasses import replace

import torch

from spectrogram.adapters.aesthetic import Aesthetic, steered
from spectrogram.bases import locate_base
from spectrogram.ears.clip import open_ear
from training import base as base_model
from training.data import replay
from training.loop.validation import ValidationLoss
from training.method_table import AESTHETIC_FILE
from training.methods.method import token_ids

PAINTED = 3


def captions(settings, captions):
    """The dataset's own wordings; they are only listened to."""
    return captions


def teach(run):
    """Make the aesthetic of a run's training pictures, and its samples; returns (path, loss before, loss after).

    The loss is 1 - cos between the aesthetic and the captions' text rows (through the picture: what is painted from
    them), as they are read and after the steps.
    """
    s, data, folder = run.settings, run.data, run.folder
    base = locate_base(s.base)
    pipeline = base_model.open_pipeline(s)
    ear = open_ear(base, str(pipeline.device))
    pictures = data.pictures[data.training]
    made = Aesthetic.of(list(pictures), ear, s.trigger or folder.resolve().name, base=s.base, dataset=data.name)
    if s.aesthetic_through == "picture":
        made = replace(made, others=rows_of_the_base(run, pipeline, ear))
    path = made.save(folder / AESTHETIC_FILE.file)
    # One recording alone is compared with its own caption.
    held = data.validation if len(data.validation) else data.training
    texts = [data.captions[i][0] for i in held][: s.validation_clips]
    measure = painted_distance if s.aesthetic_through == "picture" else words_distance
    before = measure(pipeline, made, ear, texts, 0)
    run.events.write("validation", step=0, **before.to_dict())
    if s.samples:
        run.listener.add(pipeline, "before", 0)
    pipeline.load_aesthetic(made, s.aesthetic_steps, ear=ear, through=s.aesthetic_through)
    after = measure(pipeline, made, ear, texts, s.aesthetic_steps)
    run.events.write("validation", step=s.steps, **after.to_dict())
    if s.samples:
        run.listener.add(pipeline, "after", s.steps)
    return path, before, after


def rows_of_the_base(run, pipeline, ear):
    """The ear's rows (n, d) of the clips of the replay (`training.data.replay`)."""
    key = base_model.fingerprint(pipeline.unet)
    tell = lambda done, total, note="": run.stages.update("replay", done, total, note)  # noqa: E731
    latents, _ = replay.make(run.settings, run.facts, key, run.cache_folder, tell, run.few)
    vae, rows = pipeline.vae, []
    with torch.no_grad():
        for part in latents.split(replay.BATCH):
            pictures = vae.decode(part.to(vae.device, vae.dtype) / vae.config.scaling_factor).sample
            rows.append(ear.image_features(pictures.float().clamp(-1, 1)).cpu())
    return torch.cat(rows)


def words_distance(pipeline, aesthetic, ear, texts, steps):
    """ValidationLoss of 1 - cos(text row, aesthetic) over some captions, each steered ``steps`` steps."""
    found, rate = [], pipeline.defaults.aesthetic_rate
    for text in texts:
        ids = token_ids(pipeline.tokenizer, [text]).to(pipeline.device)
        with steered(pipeline.text_encoder, ids, aesthetic, ear, steps, rate) as encoder, torch.no_grad():
            row = ear.text_features(encoder(ids).pooler_output.float())[0].cpu()
        found.append(1 - float(row @ aesthetic.row))
    return _loss(found)


def painted_distance(pipeline, aesthetic, ear, texts, steps):
    """ValidationLoss of 1 - cos(row of the picture, aesthetic) over what is painted from some captions."""
    texts = list(dict.fromkeys(texts))[:PAINTED]
    pipeline.set_progress_bar_config(disable=True)
    rows = ear.embed_images(pipeline(texts, seed=0).images)
    return _loss([1 - float(row @ aesthetic.row) for row in rows])


def _loss(found):
    spread = torch.tensor(found).std().item() / len(found) ** 0.5 if len(found) > 1 else None
    return ValidationLoss(sum(found) / len(found), spread, len(found))
