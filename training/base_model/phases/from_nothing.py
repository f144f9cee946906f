"""Phase one, from nothing: composed corpus -> VAE -> tokenizer -> UNet and text encoder together."""

from functools import partial

from dataset_builder.soundscapes import composer
from training.base_model import assemble, corpus, text, unet, vae

LOG_EVERY = 50


def note_losses(log, stages, stage):
    """A progress function that shows every loss and keeps every ``LOG_EVERY``-th in ``log``."""

    def note(step, steps, value):
        if step % LOG_EVERY == 0 or step == steps:
            log[step] = round(value, 4)
        stages.update(stage, step, steps, f"loss {value:.4f}")

    return note


def train(settings, work, out, stages):
    """Run the phase, resuming what ``work`` holds, and write the model folder ``out``; returns its checksums."""
    parts = -(-settings.corpus_clips // corpus.PART_CLIPS)
    paths = corpus.render(
        work / "corpus", settings.corpus_clips, settings.preset, partial(composer.compose, settings.seed),
        settings.threads, lambda done: stages.update("corpus", done, parts),
    )  # fmt: skip
    pictures, rows = corpus.read(paths)
    first = pictures[: settings.vae_clips]
    coder = vae.train(settings, first, work / "vae", lambda i, n, x: stages.update("vae", i, n, f"loss {x:.4f}"))
    tokenizer = text.train_tokenizer(work / "tokenizer", settings.vocabulary, settings.tokens)
    encoder = text.build_encoder(settings, tokenizer)
    encoded = unet.encode_corpus(coder, pictures, progress=lambda n: stages.update("latents", n, len(pictures)))
    model = unet.build(settings, *encoded.shape[-2:])
    run = unet.Run(settings, model, encoder, unet.build_scheduler(settings), work)
    log = {"vae": vae.measure(coder, pictures[-64:]), "loss_by_step": {}}
    unet.train(run, unet.Corpus(encoded, rows, tokenizer), progress=note_losses(log["loss_by_step"], stages, "unet"))
    run.averaged()
    return assemble.assemble(out, settings, coder, model, encoder, tokenizer, run.scheduler, log)
