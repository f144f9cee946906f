"""`python -m spectrogram morph "rain" "applause" --num 5 -o out.wav`: out-1.wav … out-5.wav"""

import argparse

from spectrogram.commands.options import add_common_arguments, perform, require


def add_arguments(parser: argparse.ArgumentParser):
    parser.add_argument("prompts", nargs="+", metavar="PROMPT", help="two or more, in their order")
    parser.add_argument("--num", type=int, default=5, metavar="N", help="clips, first and last included (%(default)s)")
    parser.add_argument("--end-seed", type=int, help="also turn the noise towards this seed's")
    parser.add_argument(
        "--even-in-text", action="store_true", help="even steps in text instead of in sound: paints no clip in vain"
    )
    add_common_arguments(parser)


def run(options: argparse.Namespace) -> int:
    prompts, num = options.prompts, options.num
    require(len(prompts) > 1, "there is one prompt", "two or more", "add where it should lead")
    require(num >= len(prompts), f"--num is {num}", f"{len(prompts)} or more", "raise it")
    how = {"end_seed": options.end_seed, "respace": not options.even_in_text}
    return perform(options, lambda pipeline, **sampling: pipeline.morph(prompts, num, **how, **sampling), *prompts)
