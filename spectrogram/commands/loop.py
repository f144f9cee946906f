"""`python -m spectrogram loop in.wav "rain" --seam 1 -o out.wav`"""

import argparse

from spectrogram.commands.options import add_common_arguments, add_source_arguments, perform


def add_arguments(parser: argparse.ArgumentParser):
    add_source_arguments(parser)
    parser.add_argument(
        "--seam", type=float, default=1.0, metavar="S", help="seconds to repaint around the ends (%(default)s)"
    )
    add_common_arguments(parser)


def run(options: argparse.Namespace) -> int:
    what = (options.source, options.prompt, options.seam)
    return perform(options, lambda pipeline, **how: pipeline.loop(*what, **how), options.prompt)
