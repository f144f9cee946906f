"""`python -m spectrogram generate "PROMPT" -o out.wav`: sound, picture and recipe from a text or a file."""

import argparse
from pathlib import Path

from spectrogram.commands.options import (
    add_common_arguments,
    check_common,
    finish,
    open_pipeline,
    require,
    require_range,
    sampling_of,
)
from spectrogram.files.texts import encodings


def add_arguments(parser: argparse.ArgumentParser):
    add = parser.add_argument
    add("text", nargs="?", metavar="PROMPT", help="what to hear, for example 'rain on a tin roof'")
    add("--prompt", help="the same as PROMPT")
    add("--prompts", type=Path, metavar="FILE", help="a prompt a line; --out is then a folder, finished ones are kept")
    encodings.add_argument(parser)
    add("--num", type=int, default=1, metavar="N", help="clips, with the seeds seed, seed + 1, …")
    add("--best-of", type=int, metavar="N", help="make N, keep the --num that fit the prompt best (by the base's ear)")
    add("--seconds", type=float, help="length (the base model's own when left out)")
    add_common_arguments(parser)


def run(options: argparse.Namespace) -> int:
    require_range("--num", options.num, 1, 64, "run the command again for more")
    require_range("--best-of", options.best_of, options.num, 64, "make at least --num")
    seconds = options.seconds
    require(seconds is None or 0 < seconds <= 600, f"--seconds is {seconds}", "above 0, at most 600", "try 5")
    prompt = options.prompt or options.text or ""
    if options.prompts:
        from spectrogram.commands.batch import run_batch

        require(not prompt, "both a prompt and --prompts are given", "one of them", "leave one out")
        with encodings.stated(options.encoding):
            return run_batch(options)
    check_common(options, prompt)
    pipeline = open_pipeline(options, prompt)
    how = {"seconds": seconds, **sampling_of(options)}
    if options.best_of:
        return finish(pipeline.choose(prompt, options.best_of, options.num, **how), options)
    return finish(pipeline([prompt] * options.num, **how), options)
