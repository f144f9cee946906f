"""Phase five: sounds that are lines. Latents lose what is noise in them, the UNet gets more layers and more such clips.

Latent channels whose posterior is about as wide as noise go, and what stays is encoded without any width: a UNet that
must paint noise learns slowly what lies beside it. Half of the corpus is then of sirens, birds and the like, at a share
of the draws of their own. Tokenizer and text encoder stay as they are; cached latents and adapters of the model before
do not fit.
"""

import json
from functools import partial

import numpy as np

from dataset_builder.soundscapes import composer
from dataset_builder.soundscapes.synthesis.catalogue import TONAL
from training.base_model import corpus, unet
from training.base_model.growing import deepen, keep_channels
from training.base_model.phases import with_drills, with_recordings
from training.base_model.phases.from_nothing import note_losses

SEED_STEP = 4000
MEASURED_CLIPS = 256


def compose(settings, index):
    """Clip ``index`` of the corpus of tones: one sound alone."""
    return composer.compose(settings.seed + SEED_STEP, index, classes=TONAL, pair_share=0.0)


def render(settings, folder, stages):
    """Pictures and rows of the corpus of tones."""
    parts = -(-settings.fifth_clips // corpus.PART_CLIPS)
    paths = corpus.render(
        folder / "tones", settings.fifth_clips, settings.preset, partial(compose, settings), settings.threads,
        partial(stages.update, "tones", total=parts),
    )  # fmt: skip
    pictures, rows = corpus.read(paths)
    return pictures, [row | {"group": "tones"} for row in rows]


def living_channels(coder, pictures, dead_width):
    """Channels whose posterior deviation, of latents scaled to about 1, is below ``dead_width``; rising indices."""
    encoded = unet.encode_corpus(coder, pictures[:: max(1, len(pictures) // MEASURED_CLIPS)])
    widths = np.sqrt((encoded[:, 1].astype(np.float32) ** 2).mean(axis=(0, 2, 3)))
    return [k for k, width in enumerate(widths) if width < dead_width]


def shares(settings):
    """How much of the draws each group of clips gets."""
    recordings, tones = settings.fourth_recordings_drawn, settings.fifth_tones_drawn
    rest = with_drills.shares(recordings, settings.fifth_drills_drawn)
    return rest | {"composed": rest["composed"] - tones, "tones": tones}


def train(settings, work, base, out, stages, root):
    """Run the phase on the model in ``base`` and write the model folder ``out``; returns its checksums.

    ``work`` holds the corpora of phases two ("second") and three ("third"); they are rendered where they are missing.
    """
    folder = work / "fifth"
    folder.mkdir(parents=True, exist_ok=True)
    pictures, rows = with_drills.render_all(settings, work, stages, root)
    toned, tone_rows = render(settings, folder, stages)
    pictures, rows = np.concatenate([pictures, toned]), [*rows, *tone_rows]
    model = with_recordings.load(base)
    kept = living_channels(model.vae, pictures, settings.fifth_dead_width)
    coder, painter = keep_channels(model.vae, model.unet, kept)
    model.register_modules(vae=coder, unet=deepen(painter, settings.fifth_layers))
    encoded = with_recordings.encode(coder, pictures, folder, stages)
    log = json.loads((base / "training_log.json").read_text(encoding="utf-8"))
    log["fifth"] = own = {"loss_by_step": {}, "clips": len(rows), "tones": len(tone_rows), "channels_kept": kept}
    corpora = unet.Corpus(encoded, rows, model.tokenizer, shares(settings))
    note = note_losses(own["loss_by_step"], stages, "unet, phase five")
    with_recordings.go_on(settings.of("fifth"), model, folder, corpora, note)
    # Trained with fewer layers inside, where they cost most; stored with one number, for adapters in diffusers' hands.
    layers = settings.fifth_layers
    model.register_modules(unet=deepen(model.unet, [max(layers)] * len(layers)))
    return with_recordings.write(settings, model, coder, base, out, log)
