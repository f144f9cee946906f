"""Command line: ``python -m training DATASET --out runs/NAME`` and ``python -m training scratch RECIPE``."""

import argparse
import sys
from pathlib import Path

from spectrogram.problems import Problem

from .settings import add_arguments, resolve

DESCRIPTION = "Teach a Stable Diffusion model a sound: an adapter (LoRA) from a spectrogram dataset."


def build_parser():
    parser = argparse.ArgumentParser(prog="python -m training", description=DESCRIPTION)
    parser.add_argument("dataset", help="dataset folder or Hub name; 'scratch' trains the base model instead")
    parser.add_argument("--out", required=True, type=Path, help="folder of the run, e.g. runs/owl")
    parser.add_argument("--recipe", type=Path, help="YAML file with settings; flags win over it")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and stop")
    add_arguments(parser)
    return parser


def _train(arguments):
    settings = resolve(arguments, arguments.recipe)
    if arguments.dry_run:
        for name, value in settings.to_dict().items():
            print(f"{name:18} {value}")
        return 0
    from .progress import Bars
    from .run import train

    with Bars() as bars:
        report = train(settings, arguments.dataset, arguments.out, bars)
    print(f"validation loss {report.before:.4f} -> {report.after:.4f}; adapter in {report.adapter}")
    print(f'next: python -m spectrogram generate "PROMPT" -o out.wav --lora {report.folder} --base {settings.base}')
    return 0


def main(argv=None):
    """Run the command line; returns the exit code (0 done, 2 usage, 4 unusable input, 6 non-finite training)."""
    argv = list(sys.argv[1:] if argv is None else argv)
    try:
        if argv[:1] == ["scratch"]:
            from .scratch.command import main as scratch

            return scratch(argv[1:])
        if argv[:1] == ["ear"]:
            from .scratch.ear_command import main as ear

            return ear(argv[1:])
        return _train(build_parser().parse_args(argv))
    except Problem as problem:
        print(f"python -m training: {problem}", file=sys.stderr)
        return problem.exit_code


if __name__ == "__main__":
    sys.exit(main())
