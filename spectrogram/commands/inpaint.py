"""`python -m spectrogram inpaint in.wav "a dog barks" --start 1.5 --end 3 --low 200 --high 4000 -o out.wav`"""

import argparse
from pathlib import Path

from spectrogram.commands.options import add_common_arguments, add_source_arguments, perform, require


def add_arguments(parser: argparse.ArgumentParser):
    add_source_arguments(parser)
    add = parser.add_argument
    add("--start", type=float, metavar="S", help="repaint from this second")
    add("--end", type=float, metavar="S", help="up to this second")
    add("--low", type=float, metavar="HZ", help="only above this frequency (all when left out)")
    add("--high", type=float, metavar="HZ", help="only below this frequency (all when left out)")
    add("--mask", type=Path, metavar="PICTURE", help="instead: white over the spectrogram where it is to change")
    add("--match-level", action="store_true", help="bring it to the level of the sound around it")
    add("--strength", type=float, default=1.0, help="how much may change, 0 to 1 (%(default)s)")
    add_common_arguments(parser)


def run(options: argparse.Namespace) -> int:
    start, end = options.start, options.end
    timed = start is not None and end is not None
    require(timed or options.mask, "there is no region", "--start and --end, or --mask", "add one of them")
    require(not timed or start < end, f"--start {start} is not before --end {end}", "start < end", "exchange them")
    region = {"start_s": start, "end_s": end, "low_hz": options.low, "high_hz": options.high, "mask": options.mask}
    region |= {"strength": options.strength, "match_level": options.match_level}
    source, prompt = options.source, options.prompt
    return perform(options, lambda pipeline, **how: pipeline.inpaint(source, prompt, **region, **how), prompt)
