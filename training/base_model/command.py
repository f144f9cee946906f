"""Command line of the base model's recipe: ``python -m training scratch RECIPE --out base_model --work DIR``."""

import argparse
from pathlib import Path

from spectrogram.shell import command


def build_parser():
    parser = argparse.ArgumentParser(prog="python -m training scratch", description=__doc__.splitlines()[0])
    parser.add_argument("recipe", type=Path, help="YAML file, see recipes/base_model.yaml")
    parser.add_argument("--out", type=Path, default=Path("base_model"), help="folder of the finished model")
    parser.add_argument("--work", type=Path, default=Path("runs/base_model"), help="corpus, parts and state; resumes")
    parser.add_argument("--recordings", type=Path, default=Path("recordings"), help="where the recipe's folders lie")
    parser.add_argument(
        "--ear", type=Path, help="yamnet.tflite: clips that it does not hear as their class are drawn anew"
    )
    parser.add_argument("--start", type=Path, help="a finished model folder that VAE, text encoder and UNet go on from")
    return parser


def main(argv):
    arguments = build_parser().parse_args(argv)
    from training.base_model import road
    from training.base_model.settings import ScratchSettings
    from training.progress import Bars

    settings = ScratchSettings.read(arguments.recipe)
    places = road.Places(arguments.work, arguments.out, arguments.recordings, arguments.ear, arguments.start)
    with Bars() as bars:
        sums = road.train(settings, places, bars)
    for name, digest in sums.items():
        print(f"{digest}  {name}")
    how = ("generate", "a dog barking", "-o", "dog.wav", "--base", arguments.out)
    print("next: " + command("spectrogram", *how))
    return 0
