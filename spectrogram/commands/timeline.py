"""`python -m spectrogram timeline "0-4 forest" "3-5 a robin sings" -o out.wav --labels out.jams`"""

import argparse
from pathlib import Path

from spectrogram.commands.options import add_common_arguments, perform
from spectrogram.files.annotations import Annotation, write_annotations
from spectrogram.problems import UsageProblem
from spectrogram.prompts.ranges import parse_range

LABELS = {".jams": "jams", ".csv": "opensoundscape", ".txt": "audacity"}


def add_arguments(parser: argparse.ArgumentParser):
    add = parser.add_argument
    add("events", nargs="+", metavar="EVENT", help="'START-END PROMPT' in seconds, for example '0-4 forest'")
    add("--seconds", type=float, help="length (the end of the last event when left out)")
    add(
        "--labels",
        type=Path,
        metavar="FILE",
        help=f"also write the events as labels, as asked and as measured in the sound: {', '.join(LABELS)}",
    )
    add_common_arguments(parser)


def run(options: argparse.Namespace) -> int:
    events = [parse_range(text, "s") for text in options.events]
    if options.labels and options.labels.suffix.lower() not in LABELS:
        raise UsageProblem(f"--labels is {options.labels.name}", f"one of {', '.join(LABELS)}", "rename it")

    def paint(pipeline, **how):
        output = pipeline.timeline(events, options.seconds, **how)
        if options.labels:
            from spectrogram.verbs.measured import with_measured

            seconds, kind = output.audios.shape[-1] / output.sampling_rate, LABELS[options.labels.suffix.lower()]
            asked = [
                Annotation(start_s, min(end_s, seconds), text) for start_s, end_s, text in events if start_s < seconds
            ]
            sound = output.audios[0].mean(axis=0)
            told = [with_measured(sound, output.sampling_rate, one) for one in asked]
            write_annotations(options.labels, told, kind, seconds, options.out.name)
        return output

    return perform(options, paint, *(prompt for *_, prompt in events))
