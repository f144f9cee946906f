"""`python -m spectrogram extend in.wav "rain goes on" --seconds 4 --side right -o out.wav`"""

import argparse

from spectrogram.commands.options import add_common_arguments, add_source_arguments, perform


def add_arguments(parser: argparse.ArgumentParser):
    add_source_arguments(parser)
    add = parser.add_argument
    add("--seconds", type=float, required=True, metavar="S", help="how much to add")
    add("--side", choices=("right", "left"), default="right", help="after the end, or before the beginning")
    add("--own-level", action="store_true", help="leave the level as painted (the recording's when left out)")
    add_common_arguments(parser)


def run(options: argparse.Namespace) -> int:
    prompt, what = options.prompt, (options.source, options.prompt, options.seconds, options.side)
    level = {"match_level": not options.own_level}
    return perform(options, lambda pipeline, **how: pipeline.extend(*what, **level, **how), prompt)
