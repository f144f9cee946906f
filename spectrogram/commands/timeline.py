"""`python -m spectrogram timeline "0-4 forest" "3-5 a robin sings" -o out.wav`"""

import argparse
import re

from spectrogram.commands.options import (
    add_common_arguments,
    check_common,
    finish,
    open_pipeline,
    sampling_of,
)
from spectrogram.problems import UsageProblem

EVENT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*[-–]\s*(\d+(?:\.\d+)?)\s*s?\s+(\S.*)", re.DOTALL)


def add_arguments(parser: argparse.ArgumentParser):
    parser.add_argument(
        "events", nargs="+", metavar="EVENT", help="'START-END PROMPT' in seconds, for example '0-4 forest'"
    )
    parser.add_argument("--seconds", type=float, help="length (the end of the last event when left out)")
    add_common_arguments(parser)


def run(options: argparse.Namespace) -> int:
    events = [parse_event(text) for text in options.events]
    check_common(options)
    pipeline = open_pipeline(options, *(prompt for *_, prompt in events))
    return finish(pipeline.timeline(events, options.seconds, **sampling_of(options)), options)


def parse_event(text: str) -> tuple[float, float, str]:
    """(start_s, end_s, prompt) of '3-5 a robin sings'; raises UsageProblem for anything else."""
    match = EVENT.fullmatch(text)
    if match is None:
        raise UsageProblem(f"the event {text!r} is unreadable", "'START-END PROMPT' in seconds", "write '0-4 forest'")
    return float(match[1]), float(match[2]), match[3].strip()
