"""Phase four: more latent channels, because four cannot hold beats that are closer than a latent column is long.

The VAE grows first (``finer``), then the UNet learns to paint the new channels beside the old ones, on the clips of
phases two and three. Tokenizer and text encoder stay as they are, so the ear stays valid; cached latents and adapters
of the model before do not.
"""

import json

from training.base_model import finer, unet
from training.base_model.growing import grow_unet
from training.base_model.phases import with_drills, with_recordings
from training.base_model.phases.from_nothing import note_losses


def train(settings, work, base, out, stages, root):
    """Run the phase on the model in ``base`` and write the model folder ``out``; returns its checksums.

    ``work`` holds the corpora of phases two ("second") and three ("third"); they are rendered where they are missing.
    """
    folder = work / "fourth"
    folder.mkdir(parents=True, exist_ok=True)
    pictures, rows = with_drills.render_all(settings, work, stages, root)
    model = with_recordings.load(base)
    log = json.loads((base / "training_log.json").read_text(encoding="utf-8"))
    log["fourth"] = own = {"loss_by_step": {}, "clips": len(rows)}
    coder = finer.train(settings, model.vae, pictures, rows, folder / "vae", own, stages)
    encoded = with_recordings.encode(coder, pictures, folder, stages)
    model.register_modules(vae=coder, unet=grow_unet(model.unet, settings.fourth_channels))
    chances = with_drills.shares(settings.fourth_recordings_drawn, settings.third_drills_drawn)
    corpora = unet.Corpus(encoded, rows, model.tokenizer, chances)
    note = note_losses(own["loss_by_step"], stages, "unet, phase four")
    with_recordings.go_on(settings.of("fourth"), model, folder, corpora, note)
    return with_recordings.write(settings, model, coder, base, out, log)
