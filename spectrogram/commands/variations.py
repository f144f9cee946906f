"""`python -m spectrogram variations out.wav --num 4 --amount 0.3 -o relative.wav`"""

import argparse
from pathlib import Path

from spectrogram.commands.options import add_common_arguments, check_common, finish, open_pipeline, sampling_of


def add_arguments(parser: argparse.ArgumentParser):
    add = parser.add_argument
    add("source", type=Path, metavar="SOUND", help="a clip made here, or any recording")
    add("prompt", nargs="?", metavar="PROMPT", help="what a recording holds; a clip made here knows it")
    add("--num", type=int, default=4, metavar="N", help="relatives to make (%(default)s)")
    add("--amount", type=float, default=0.35, help="how far away, 0 to 1 (%(default)s)")
    add_common_arguments(parser)


def run(options: argparse.Namespace) -> int:
    prompts = [] if options.prompt is None else [options.prompt]
    check_common(options, *prompts)
    pipeline = open_pipeline(options, *prompts)
    # What was not asked for stays as the clip's own recipe says.
    how = {name: value for name, value in sampling_of(options).items() if value not in (None, "")}
    output = pipeline.variations(options.source, options.prompt, options.num, options.amount, **how)
    return finish(output, options)
