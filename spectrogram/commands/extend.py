"""`python -m spectrogram extend in.wav "rain goes on" --seconds 4 --side right -o out.wav`"""

import argparse

from spectrogram.commands.options import (
    add_common_arguments,
    add_source_arguments,
    check_common,
    finish,
    open_pipeline,
    sampling_of,
)


def add_arguments(parser: argparse.ArgumentParser):
    add_source_arguments(parser)
    parser.add_argument("--seconds", type=float, required=True, metavar="S", help="how much to add")
    parser.add_argument(
        "--side", choices=("right", "left"), default="right", help="after the end, or before the beginning"
    )
    add_common_arguments(parser)


def run(options: argparse.Namespace) -> int:
    check_common(options, options.prompt)
    pipeline = open_pipeline(options, options.prompt)
    output = pipeline.extend(options.source, options.prompt, options.seconds, options.side, **sampling_of(options))
    return finish(output, options)
