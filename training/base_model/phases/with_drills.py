"""Phase three: text encoder and UNet go on together with drills on pace and order, which phase two left half learned.

Phase two froze the text encoder. Here it learns for a first share of the steps and is frozen then, so that the ear can
be taught on it while the UNet goes on. The VAE stays as phase two left it. Run again on its own outcome (see
recipes/base_model_polish.yaml) it is called "polish" in the training log.
"""

import json
from functools import partial

import numpy as np

from training.base_model import corpus, drills, unet
from training.base_model.phases import with_recordings
from training.base_model.phases.from_nothing import note_losses

SEED_STEP = 2000


def compose(settings, index):
    """Drill ``index`` of phase three."""
    return drills.compose(settings.seed + SEED_STEP, settings.third_kinds, index)


def render(settings, work, stages):
    """Pictures and rows of the drills; each row knows its twin."""
    paths = corpus.render(
        work, settings.third_clips, settings.preset, partial(compose, settings), settings.threads,
        partial(stages.update, "drills", total=-(-settings.third_clips // corpus.PART_CLIPS)),
    )  # fmt: skip
    pictures, rows = corpus.read(paths)
    for number, row in enumerate(rows):
        row |= {"group": "drills", "twin": 1 - 2 * (number % 2)}
    return pictures, rows


def render_all(settings, work, stages, root):
    """Pictures and rows of phase two's corpora and of the drills, which lie in ``work``/second and ``work``/third."""
    for name in ("second", "third"):
        (work / name).mkdir(parents=True, exist_ok=True)
    pictures, rows, _ = with_recordings.render(settings, work / "second", stages, root)
    drilled, drill_rows = render(settings, work / "third" / "drills", stages)
    return np.concatenate([pictures, drilled]), [*rows, *drill_rows]


def shares(recordings, drawn):
    """How much of the draws each group of clips gets."""
    return {"recordings": recordings, "drills": drawn, "composed": 1 - recordings - drawn}


def train(settings, work, base, out, stages, root):
    """Run the phase on the model in ``base`` and write the model folder ``out``; returns its checksums.

    ``work`` holds the corpora of phase two ("second") too; they are rendered again where they are missing.
    """
    pictures, rows = render_all(settings, work, stages, root)
    model = with_recordings.load(base)
    encoded = with_recordings.encode(model.vae, pictures, work / "third", stages)
    log = json.loads((base / "training_log.json").read_text(encoding="utf-8"))
    name = "polish" if "third" in log else "third"
    log[name] = {"loss_by_step": {}, "clips": len(rows), "drills": sum(row["group"] == "drills" for row in rows)}
    chances = shares(settings.recordings_drawn, settings.third_drills_drawn)
    corpora = unet.Corpus(encoded, rows, model.tokenizer, chances)
    note = note_losses(log[name]["loss_by_step"], stages, "unet, phase three")
    with_recordings.go_on(settings.of("third"), model, work / "third", corpora, note, settings.third_text_share)
    return with_recordings.write(settings, model, model.vae, base, out, log)
