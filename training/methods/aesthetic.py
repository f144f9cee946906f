"""Aesthetic gradients: nothing is trained beforehand; the ear's mean row of the pictures is what is learned.

The work is done when a prompt is read (`spectrogram.aesthetic`): its text encoder takes a few steps towards the row.
"""

from ..validation import ValidationLoss

FILE = "aesthetic.safetensors"


def captions(settings, captions):
    """The dataset's own wordings; they are only listened to."""
    return captions


def teach(run):
    """Make the aesthetic of a run's training pictures, and its samples; returns (path, loss before, loss after).

    The loss is 1 - cos between the captions' text rows and the aesthetic, as they are read and after the steps.
    """
    from spectrogram.aesthetic import Aesthetic
    from spectrogram.clip_ear import open_ear
    from spectrogram.models import load_pipeline

    from .. import base as base_model

    s, data, folder = run.settings, run.data, run.folder
    base = base_model.locate(s.base)
    pipeline = load_pipeline(base)
    ear = open_ear(base, str(pipeline.device))
    pictures = data.pictures[data.training]
    made = Aesthetic.of(list(pictures), ear, s.trigger or folder.resolve().name, base=s.base, dataset=data.name)
    path = made.save(folder / FILE)
    texts = [data.captions[i][0] for i in data.validation][: s.validation_clips]
    before = distance(pipeline, made, ear, texts, 0)
    run.events.write("validation", step=0, **before.to_dict())
    if s.samples:
        run.listener.add(pipeline, "before", 0)
    after = distance(pipeline, made, ear, texts, s.aesthetic_steps)
    run.events.write("validation", step=s.steps, **after.to_dict())
    pipeline.load_aesthetic(made, s.aesthetic_steps, ear=ear)
    if s.samples:
        run.listener.add(pipeline, "after", s.steps)
    return path, before, after


def distance(pipeline, aesthetic, ear, texts, steps):
    """ValidationLoss of 1 - cos(text row, aesthetic) over some captions, each steered ``steps`` steps."""
    import torch

    from spectrogram.aesthetic import steered

    from .method import token_ids

    found = []
    for text in texts:
        ids = token_ids(pipeline.tokenizer, [text]).to(pipeline.device)
        with steered(pipeline.text_encoder, ids, aesthetic, ear, steps) as encoder, torch.no_grad():
            row = ear.text_features(encoder(ids).pooler_output.float())[0].cpu()
        found.append(1 - float(row @ aesthetic.row))
    spread = torch.tensor(found).std().item() / len(found) ** 0.5 if len(found) > 1 else 0.0
    return ValidationLoss(sum(found) / len(found), spread, len(found))
