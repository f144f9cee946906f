"""Command line of the base model's recipe: ``python -m training scratch RECIPE --out base_model --work DIR``."""

import argparse
from pathlib import Path

from .settings import ScratchSettings

LOG_EVERY = 50


def build_parser():
    parser = argparse.ArgumentParser(prog="python -m training scratch", description=__doc__.splitlines()[0])
    parser.add_argument("recipe", type=Path, help="YAML file, see recipes/base_model.yaml")
    parser.add_argument("--out", type=Path, default=Path("base_model"), help="folder of the finished model")
    parser.add_argument("--work", type=Path, default=Path("runs/base_model"), help="corpus, parts and state; resumes")
    return parser


def train(settings, work, out, stages):
    """All stages from nothing to a model folder; finished stages are recognised and skipped. Returns the checksums."""
    import torch

    from . import assemble, corpus, text, unet, vae

    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    parts = -(-settings.corpus_clips // corpus.PART_CLIPS)
    paths = corpus.render(
        work / "corpus", settings.corpus_clips, settings.seed, settings.preset, settings.threads,
        lambda done: stages.update("corpus", done, parts),
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

    def note(step, steps, value):
        if step % LOG_EVERY == 0:
            log["loss_by_step"][step] = round(value, 4)
        stages.update("unet", step, steps, f"loss {value:.4f}")

    unet.train(run, unet.Corpus(encoded, rows, tokenizer), progress=note)
    run.averaged()
    return assemble.assemble(out, settings, coder, model, encoder, tokenizer, run.scheduler, log)


def main(argv):
    from training.progress import Bars

    arguments = build_parser().parse_args(argv)
    settings = ScratchSettings.read(arguments.recipe)
    arguments.work.mkdir(parents=True, exist_ok=True)
    with Bars() as bars:
        sums = train(settings, arguments.work, arguments.out, bars)
    for name, digest in sums.items():
        print(f"{digest}  {name}")
    print(f'next: python -m spectrogram generate "a dog barking" -o dog.wav --base {arguments.out}')
    return 0
