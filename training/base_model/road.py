"""The whole road of the base model: clips -> VAE -> latents -> words and UNet together -> a model folder.

Every stage keeps what it made in the work folder; a run that was stopped goes on where it was.
"""

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusionPipeline

from spectrogram.files import atomic
from spectrogram.problems import Problem
from training.base_model import assemble, composing, corpus, text, unet, vae

LOG_EVERY = 50


@dataclass(frozen=True)
class Places:
    """Where a run works and writes; recordings, an outside ear's file and a model to start from, which it reads."""

    work: Path
    out: Path
    recordings: Path = Path("recordings")
    ear: Path | None = None
    start: Path | None = None


def train(settings, places, stages):
    """All stages to the model folder ``places.out``; finished stages are recognised and skipped. The checksums."""
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    places.work.mkdir(parents=True, exist_ok=True)
    model = None if places.start is None else load(places.start)
    start = None if places.start is None else assemble.checksums(places.start)
    log = {"loss_by_step": {}, "seconds": {}, "start": start}
    with Timed(log, "corpus"):
        pictures, rows = render(settings, places, stages)
    log["clips"], log["clips_with_recordings"] = len(rows), sum(row["real"] for row in rows)
    log["recordings"] = credits(settings, places)
    with Timed(log, "vae"):
        seen = shuffled(settings, pictures[: settings.vae_clips])
        coder, log["vae"] = vae.train(settings, model and model.vae, seen, places.work / "vae", stages)
    with Timed(log, "latents"):
        encoded = encode(coder, pictures, places.work / "latents.npy", stages)
    tokenizer, encoder, painter = parts(settings, model, places.work, encoded.shape[-2:])
    run = unet.Run(settings, painter, encoder, unet.build_scheduler(settings), places.work)
    shares = {"sounds": 1 - settings.drills_drawn, "drills": settings.drills_drawn}
    with Timed(log, "unet"):
        unet.train(
            run, unet.Corpus(encoded, rows, tokenizer, shares), progress=note_losses(log["loss_by_step"], stages)
        )
    run.averaged()
    if settings.start_share and places.start is not None:
        unet.mix(painter, load(places.start).unet, settings.start_share)
    return assemble.assemble(places.out, settings, coder, painter, encoder, tokenizer, run.scheduler, log)


def load(folder):
    """A finished model in float32, as StableDiffusionPipeline."""
    if not (folder / "model_index.json").is_file():
        raise Problem(f"{folder} holds no model", "a folder that this command wrote", "leave --start out")
    return StableDiffusionPipeline.from_pretrained(folder, dtype=torch.float32, safety_checker=None)


def parts(settings, model, work, size):
    """(tokenizer, text encoder, UNet): the model's own, or new ones for latents of ``size`` (height, width)."""
    if model is not None:
        return model.tokenizer, model.text_encoder, model.unet
    tokenizer = text.train_tokenizer(work / "tokenizer", settings.vocabulary, settings.tokens)
    return tokenizer, text.build_encoder(settings, tokenizer), unet.build(settings, *size)


def render(settings, places, stages):
    """Pictures uint8 (clips, bands, columns) and rows of both corpora."""
    makers = {"sounds": composing.compose, "drills": composing.compose_drill}
    pictures, rows = [], []
    for name, compose in makers.items():
        clips = getattr(settings, f"{name}_clips")
        paths = corpus.render(
            places.work / name, clips, settings.preset, partial(compose, settings, places.recordings, places.ear),
            settings.threads, partial(stages.update, name, total=-(-clips // corpus.PART_CLIPS)),
        )  # fmt: skip
        own, own_rows = corpus.read(paths)
        for number, row in enumerate(own_rows):
            row["group"] = name
            if name == "drills":
                row["twin"] = 1 - 2 * (number % 2)
        pictures.append(own)
        rows += own_rows
    return np.concatenate(pictures), rows


def shuffled(settings, pictures):
    """The pictures in an order of the seed, so that the last ones measure all kinds."""
    return pictures[np.random.default_rng(settings.seed).permutation(len(pictures))]


def encode(coder, pictures, path, stages):
    """Latents of the pictures, kept in ``path``."""
    if not path.exists():
        encoded = unet.encode_corpus(coder, pictures, progress=lambda n: stages.update("latents", n, len(pictures)))
        with atomic.replacing(path) as unfinished, open(unfinished, "wb") as file:
            np.save(file, encoded)
    return np.load(path)


def credits(settings, places):
    """What the licences of the recordings ask us to say, one line a recording."""
    sounds = composing.open_sounds(settings, places.recordings, None)
    return sorted({recording.credit for own in sounds.by_label.values() for recording in own})


def note_losses(log, stages):
    """A progress function that shows every loss and keeps every ``LOG_EVERY``-th in ``log``."""

    def note(step, steps, value):
        if step % LOG_EVERY == 0 or step == steps:
            log[step] = round(value, 4)
        stages.update("unet", step, steps, f"loss {value:.4f}")

    return note


class Timed:
    """Adds the seconds that a stage took in this run to the log."""

    def __init__(self, log, name):
        self.log, self.name = log, name

    def __enter__(self):
        self.began = time.monotonic()

    def __exit__(self, *error):
        self.log["seconds"][self.name] = round(time.monotonic() - self.began)
