"""`python -m spectrogram stereo "rain on a tin roof" --spread 0.3 -o out.wav`"""

import argparse

from spectrogram.commands.options import add_common_arguments, perform


def add_arguments(parser: argparse.ArgumentParser):
    add = parser.add_argument
    add("prompt", metavar="PROMPT", help="what to hear, for example 'rain on a tin roof'")
    parser.add_argument(
        "--spread", type=float, default=0.3, help="how much left and right differ, 0 to 1 (%(default)s)"
    )
    parser.add_argument("--seconds", type=float, help="length (the base model's own when left out)")
    add_common_arguments(parser)


def run(options: argparse.Namespace) -> int:
    prompt, spread, seconds = options.prompt, options.spread, options.seconds
    return perform(options, lambda pipeline, **how: pipeline.stereo(prompt, spread, seconds, **how), prompt)
