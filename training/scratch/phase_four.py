"""Phase four: more latent channels, because four cannot hold beats that are closer than a latent column is long.

The VAE grows first (``finer``), then the UNet learns to paint the new channels beside the old ones, on the clips of
phases two and three. Tokenizer and text encoder stay as they are, so the ear stays valid; cached latents and adapters
of the model before do not.
"""

import json

from training.scratch import finer, phase_three, phase_two, unet
from training.scratch.growing import grow_unet
from training.scratch.phase_one import note_losses


def train(settings, work, base, out, stages, root):
    """Run the phase on the model in ``base`` and write the model folder ``out``; returns its checksums.

    ``work`` holds the corpora of phases two ("second") and three ("third"); they are rendered where they are missing.
    """
    folder = work / "fourth"
    folder.mkdir(parents=True, exist_ok=True)
    pictures, rows = phase_three.render_all(settings, work, stages, root)
    model = phase_two.load(base)
    log = json.loads((base / "training_log.json").read_text(encoding="utf-8"))
    log["fourth"] = own = {"loss_by_step": {}, "clips": len(rows)}
    coder = finer.train(settings, model.vae, pictures, rows, folder / "vae", own, stages)
    encoded = phase_two.encode(coder, pictures, folder, stages)
    model.register_modules(vae=coder, unet=grow_unet(model.unet, settings.fourth_channels))
    chances = phase_three.shares(settings.fourth_recordings_drawn, settings.third_drills_drawn)
    corpora = unet.Corpus(encoded, rows, model.tokenizer, chances)
    note = note_losses(own["loss_by_step"], stages, "unet, phase four")
    phase_two.go_on(settings.of("fourth"), model, folder, corpora, note)
    return phase_two.write(settings, model, coder, base, out, log)
