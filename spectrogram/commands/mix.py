"""`python -m spectrogram mix "0-500 thunder" "1000-12000 birdsong" -o out.wav`"""

import argparse

from spectrogram.commands.options import add_common_arguments, perform
from spectrogram.prompts.ranges import parse_range


def add_arguments(parser: argparse.ArgumentParser):
    parser.add_argument("bands", nargs="+", metavar="BAND", help="'LOW-HIGH PROMPT' in hertz, as '0-500 thunder'")
    parser.add_argument("--seconds", type=float, help="length (the base model's own when left out)")
    add_common_arguments(parser)


def run(options: argparse.Namespace) -> int:
    bands = [parse_range(text, "Hz") for text in options.bands]
    prompts = [prompt for *_, prompt in bands]
    return perform(options, lambda pipeline, **how: pipeline.mix(bands, options.seconds, **how), *prompts)
