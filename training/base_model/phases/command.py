"""Command line of the base model's recipe: ``python -m training scratch RECIPE --out base_model --work DIR``."""

import argparse
import json
from pathlib import Path

from training.base_model import assemble
from training.base_model.phases import (
    from_nothing,
    line_sounds,
    more_channels,
    with_drills,
    with_recordings,
)
from training.base_model.settings import ScratchSettings

PHASES = {"second": with_recordings, "third": with_drills, "fourth": more_channels, "fifth": line_sounds}


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


def phases_of(base):
    """Names in the training log of a finished model; those of PHASES are its later phases."""
    return json.loads((base / "training_log.json").read_text(encoding="utf-8"))


def train(settings, work, out, stages, base=None, root=Path()):
    """All stages to a model folder; finished stages are recognised and skipped. Returns the checksums.

    Phase one starts from nothing; with ``base``, a finished model folder, the phases in its training log are left out.
    """
    import torch

    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    todo = [name for name in PHASES if getattr(settings, f"{name}_samples")]
    if base is None:
        base = work / "phase_one" if todo else out
        if not (base / "sha256.json").exists():
            from_nothing.train(settings, work, base, stages)
    else:
        todo = [name for name in todo if name == todo[-1] or name not in phases_of(base)]
    for name in todo:
        then = out if name == todo[-1] else work / f"phase_{name}"
        if then == out or not (then / "sha256.json").exists():
            PHASES[name].train(settings, work, base, then, stages, root)
        base = then
    return assemble.checksums(out)


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
