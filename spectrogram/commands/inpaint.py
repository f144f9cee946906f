"""`python -m spectrogram inpaint in.wav "a dog barks" --start 1.5 --end 3 --low 200 --high 4000 -o out.wav`"""

import argparse

from spectrogram.commands.options import (
    add_common_arguments,
    add_source_arguments,
    check_common,
    finish,
    open_pipeline,
    require,
    sampling_of,
)


def add_arguments(parser: argparse.ArgumentParser):
    add_source_arguments(parser)
    parser.add_argument("--start", type=float, required=True, metavar="S", help="repaint from this second")
    parser.add_argument("--end", type=float, required=True, metavar="S", help="up to this second")
    parser.add_argument("--low", type=float, metavar="HZ", help="only above this frequency (all when left out)")
    parser.add_argument("--high", type=float, metavar="HZ", help="only below this frequency (all when left out)")
    parser.add_argument("--strength", type=float, default=1.0, help="how much may change, 0 to 1 (%(default)s)")
    add_common_arguments(parser)


def run(options: argparse.Namespace) -> int:
    check_common(options, options.prompt)
    require(
        options.start < options.end,
        f"--start {options.start} is not before --end {options.end}",
        "start < end",
        "exchange them",
    )
    pipeline = open_pipeline(options, options.prompt)
    region = {"start_s": options.start, "end_s": options.end, "low_hz": options.low, "high_hz": options.high}
    output = pipeline.inpaint(
        options.source, options.prompt, **region, strength=options.strength, **sampling_of(options)
    )
    return finish(output, options)
