"""`python -m spectrogram generate "PROMPT" -o out.wav`: sound, picture and recipe from a text."""

import argparse

from spectrogram.commands.options import (
    add_common_arguments,
    check_common,
    finish,
    open_pipeline,
    require,
    require_range,
    sampling_of,
)


def add_arguments(parser: argparse.ArgumentParser):
    parser.add_argument("text", nargs="?", metavar="PROMPT", help="what to hear, for example 'rain on a tin roof'")
    parser.add_argument("--prompt", help="the same as PROMPT")
    parser.add_argument("--num", type=int, default=1, metavar="N", help="clips, with the seeds seed, seed + 1, …")
    parser.add_argument("--seconds", type=float, help="length (the base model's own when left out)")
    add_common_arguments(parser)


def run(options: argparse.Namespace) -> int:
    prompt = options.prompt or options.text or ""
    check_common(options, prompt)
    require_range("--num", options.num, 1, 64, "run the command again for more")
    seconds = options.seconds
    require(seconds is None or 0 < seconds <= 600, f"--seconds is {seconds}", "above 0, at most 600", "try 5")
    pipeline = open_pipeline(options, prompt)
    return finish(pipeline([prompt] * options.num, seconds=seconds, **sampling_of(options)), options)
