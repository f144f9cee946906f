"""`python -m spectrogram morph "rain" "applause" --num 5 -o out.wav`: out-1.wav … out-5.wav"""

import argparse

from spectrogram.commands.options import (
    add_common_arguments,
    check_common,
    finish,
    open_pipeline,
    require,
    sampling_of,
)


def add_arguments(parser: argparse.ArgumentParser):
    parser.add_argument("prompts", nargs="+", metavar="PROMPT", help="two or more, in their order")
    parser.add_argument("--num", type=int, default=5, metavar="N", help="clips, first and last included (%(default)s)")
    parser.add_argument("--end-seed", type=int, help="also turn the noise towards this seed's")
    add_common_arguments(parser)


def run(options: argparse.Namespace) -> int:
    check_common(options, *options.prompts)
    require(len(options.prompts) > 1, "there is one prompt", "two or more", "add where it should lead")
    require(
        options.num >= len(options.prompts), f"--num is {options.num}", f"{len(options.prompts)} or more", "raise it"
    )
    pipeline = open_pipeline(options, *options.prompts)
    output = pipeline.morph(options.prompts, options.num, end_seed=options.end_seed, **sampling_of(options))
    return finish(output, options)
