"""`python -m spectrogram transform in.wav "played on glass" -o out.wav --strength 0.55`"""

import argparse

from spectrogram.commands.options import add_common_arguments, add_source_arguments, perform, require


def add_arguments(parser: argparse.ArgumentParser):
    add_source_arguments(parser)
    parser.add_argument("--strength", type=float, default=0.5, help="how much may change, 0 to 1 (%(default)s)")
    add_common_arguments(parser)


def run(options: argparse.Namespace) -> int:
    source, prompt, strength = options.source, options.prompt, options.strength
    require(0 < strength <= 1, f"--strength is {strength}", "more than 0 and at most 1", "try 0.5")
    return perform(options, lambda pipeline, **how: pipeline.transform(source, prompt, strength, **how), prompt)
