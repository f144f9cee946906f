"""`python -m spectrogram timeline "0-4 forest" "3-5 a robin sings" -o out.wav --labels out.jams`"""

import argparse
from pathlib import Path

from spectrogram.commands.labels import FORMATS, write_labels
from spectrogram.commands.options import add_common_arguments, perform
from spectrogram.problems import UsageProblem
from spectrogram.prompts.ranges import parse_range


def add_arguments(parser: argparse.ArgumentParser):
    add = parser.add_argument
    add("events", nargs="+", metavar="EVENT", help="'START-END PROMPT' in seconds, for example '0-4 forest'")
    add("--seconds", type=float, help="length (the end of the last event when left out)")
    add(
        "--labels",
        type=Path,
        metavar="FILE",
        help=f"also write the events as labels, as asked and as measured in the sound: {', '.join(FORMATS)}",
    )
    add_common_arguments(parser)


def run(options: argparse.Namespace) -> int:
    events = [parse_range(text, "s") for text in options.events]
    if options.labels and options.labels.suffix.lower() not in FORMATS:
        raise UsageProblem(f"--labels is {options.labels.name}", f"one of {', '.join(FORMATS)}", "rename it")

    def paint(pipeline, **how):
        output = pipeline.timeline(events, options.seconds, **how)
        if options.labels:
            from spectrogram.verbs.measured import measured_events

            heard = measured_events(output.audios[0].mean(axis=0), output.sampling_rate, events)
            seconds = output.audios.shape[-1] / output.sampling_rate
            write_labels(options.labels, events, seconds, options.out.name, heard)
        return output

    return perform(options, paint, *(prompt for *_, prompt in events))
