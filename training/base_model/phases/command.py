"""Command line of the base model's recipe: ``python -m training scratch RECIPE --out base_model --work DIR``."""

import argparse
from pathlib import Path

from training.base_model.settings import ScratchSettings


def build_parser():
    parser = argparse.ArgumentParser(prog="python -m training scratch", description=__doc__.splitlines()[0])
    parser.add_argument("recipe", type=Path, help="YAML file, see recipes/base_model.yaml")
    parser.add_argument("--out", type=Path, default=Path("base_model"), help="folder of the finished model")
    parser.add_argument("--work", type=Path, default=Path("runs/base_model"), help="corpus, parts and state; resumes")
    parser.add_argument("--recordings", type=Path, default=Path("recordings"), help="where the recipe's folders lie")
    parser.add_argument(
        "--continue-from", type=Path, help="a finished model folder: the recipe's phases that it lacks are run"
    )
    return parser


def main(argv):
    arguments = build_parser().parse_args(argv)
    from training.base_model.phases.sequence import train
    from training.progress import Bars

    settings = ScratchSettings.read(arguments.recipe)
    arguments.work.mkdir(parents=True, exist_ok=True)
    with Bars() as bars:
        sums = train(settings, arguments.work, arguments.out, bars, arguments.continue_from, arguments.recordings)
    for name, digest in sums.items():
        print(f"{digest}  {name}")
    print(f'next: python -m spectrogram generate "a dog barking" -o dog.wav --base {arguments.out}')
    return 0
