"""Phase two: a finished model goes on with recordings and with what phase one learned least.

Tokenizer, text encoder and VAE encoder stay as they are, so everything that was built on them (adapters, cached
latents, the ear) stays valid; the UNet and, where one was trained, the VAE decoder change.
"""

import json
import shutil
from functools import cache, partial

import numpy as np

from dataset_builder.soundscapes import composer
from spectrogram.problems import Problem
from training.base_model import assemble, corpus, decoder, recordings, unet
from training.base_model.phases.from_nothing import note_losses

SEED_STEP = 1000


def compose(settings, index):
    """Soundscape ``index`` of the composed corpus of phase two."""
    return composer.compose(
        settings.seed + SEED_STEP, index, pair_share=settings.second_pair_share,
        spoken_share=settings.second_spoken_share,
    )  # fmt: skip


def _compose_real(settings, root, index):
    return recordings.compose(settings.seed + SEED_STEP + 1, index, *_found(settings, root))


@cache
def _found(settings, root):
    """The recordings that may teach, and their reader; the recipe names their folders below ``root``."""
    return recordings.find(
        [root / name for name in settings.recordings], settings.recordings_share
    ), recordings.reader()


def render(settings, work, stages, root):
    """Pictures and rows of the composed corpus and, where their folders are there, of the recordings."""
    found = _found(settings, root)[0]
    jobs = [("second corpus", "corpus", settings.second_clips, partial(compose, settings))]
    if found:
        jobs.append(("recordings", "recordings", settings.recordings_clips, partial(_compose_real, settings, root)))
    else:
        stages.update("recordings", 1, 1, f"skipped: no folder of the recipe lies in {root}, phase two only composes")
    paths = []
    for stage, folder, clips, make in jobs:
        parts = -(-clips // corpus.PART_CLIPS)
        paths += corpus.render(
            work / folder, clips, settings.preset, make, settings.threads,
            partial(stages.update, stage, total=parts), real=folder == "recordings",
        )  # fmt: skip
    pictures, rows = corpus.read(paths)
    for row in rows:
        row["group"] = "recordings" if row["real"] else "composed"
    return pictures, rows, sorted({recording.credit for recording in found})


def encode(coder, pictures, work, stages):
    """Latents of the pictures, kept in ``work``."""
    path = work / "latents.npy"
    wanted = (len(pictures), 2, coder.config.latent_channels)
    if not path.exists() or np.load(path, mmap_mode="r").shape[:3] != wanted:
        encoded = unet.encode_corpus(coder, pictures, progress=lambda n: stages.update("latents", n, len(pictures)))
        np.save(path, encoded)
    return np.load(path)


def load(base):
    """A finished model in float32, as StableDiffusionPipeline."""
    import torch
    from diffusers import StableDiffusionPipeline

    if not (base / "model_index.json").is_file():
        raise Problem(f"{base} holds no model", "a folder that phase one wrote", "leave --continue-from out")
    return StableDiffusionPipeline.from_pretrained(base, dtype=torch.float32, safety_checker=None)


def go_on(own, model, folder, corpora, note, text_share=0.0):
    """Train the model's UNet, and for ``text_share`` its text encoder, by a phase's settings; state in ``folder``."""
    run = unet.Run(own, model.unet, model.text_encoder, model.scheduler, folder, text_share)
    unet.train(run, corpora, progress=note)
    run.averaged()


def train(settings, work, base, out, stages, root):
    """Run the phase on the model in ``base`` and write the model folder ``out``; returns its checksums.

    Its corpora and state lie in ``work``/second.
    """
    work = work / "second"
    work.mkdir(parents=True, exist_ok=True)
    pictures, rows, credits = render(settings, work, stages, root)
    model = load(base)
    encoded = encode(model.vae, pictures, work, stages)
    log = json.loads((base / "training_log.json").read_text(encoding="utf-8"))
    log["second"] = {"loss_by_step": {}, "clips": len(rows), "recorded_clips": sum(row["real"] for row in rows)}
    shares = {"recordings": settings.recordings_drawn, "composed": 1 - settings.recordings_drawn}
    note = note_losses(log["second"]["loss_by_step"], stages, "unet, phase two")
    go_on(settings.of("second"), model, work, unet.Corpus(encoded, rows, model.tokenizer, shares), note)
    coder = decoder.train(settings, model.vae, pictures, encoded, work, log["second"], stages)
    log["second"]["data_credits"] = credits
    return write(settings, model, coder, base, out, log)


def write(settings, model, coder, base, out, log):
    """The finished model as the folder ``out``; returns its checksums."""
    sums = assemble.assemble(
        out, settings, coder, model.unet, model.text_encoder, model.tokenizer, model.scheduler, log
    )
    # A tokenizer that was used writes its last padding down; the base's own files go on unchanged.
    shutil.copytree(base / "tokenizer", out / "tokenizer", dirs_exist_ok=True)
    return sums
