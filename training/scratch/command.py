"""Command line of the base model's recipe: ``python -m training scratch RECIPE --out base_model --work DIR``."""

import argparse
from pathlib import Path

from . import phase_one, phase_two
from .settings import ScratchSettings


def build_parser():
    parser = argparse.ArgumentParser(prog="python -m training scratch", description=__doc__.splitlines()[0])
    parser.add_argument("recipe", type=Path, help="YAML file, see recipes/base_model.yaml")
    parser.add_argument("--out", type=Path, default=Path("base_model"), help="folder of the finished model")
    parser.add_argument("--work", type=Path, default=Path("runs/base_model"), help="corpus, parts and state; resumes")
    parser.add_argument("--recordings", type=Path, default=Path("recordings"), help="where the recipe's folders lie")
    parser.add_argument("--continue-from", type=Path, help="a finished model folder: only phase two is run, from there")
    return parser


def train(settings, work, out, stages, base=None, root=Path()):
    """All stages to a model folder; finished stages are recognised and skipped. Returns the checksums.

    Phase one starts from nothing; with ``base``, a finished model folder, it is left out and phase two runs.
    """
    import torch

    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    if base is None:
        base = out if not settings.second_samples else work / "phase_one"
        if not (base / "sha256.json").exists():
            sums = phase_one.train(settings, work, base, stages)
    return phase_two.train(settings, work / "second", base, out, stages, root) if settings.second_samples else sums


def main(argv):
    from training.progress import Bars

    arguments = build_parser().parse_args(argv)
    settings = ScratchSettings.read(arguments.recipe)
    arguments.work.mkdir(parents=True, exist_ok=True)
    with Bars() as bars:
        sums = train(settings, arguments.work, arguments.out, bars, arguments.continue_from, arguments.recordings)
    for name, digest in sums.items():
        print(f"{digest}  {name}")
    print(f'next: python -m spectrogram generate "a dog barking" -o dog.wav --base {arguments.out}')
    return 0
