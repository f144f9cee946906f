"""`python -m spectrogram COMMAND`: one module a command, loaded when it is asked for."""

import argparse
import importlib
import sys

from spectrogram.help_groups import in_groups

COMMANDS = {
    "generate": ("spectrogram.commands.generate", "make sound from a text"),
    "transform": ("spectrogram.commands.transform", "make another sound from a sound and a text"),
    "inpaint": ("spectrogram.commands.inpaint", "repaint a stretch of time or a band of frequencies"),
    "extend": ("spectrogram.commands.extend", "go on after the end, or lead into the beginning"),
    "loop": ("spectrogram.commands.loop", "make the end flow into the beginning"),
    "morph": ("spectrogram.commands.morph", "lead from one text to the next in even steps"),
    "timeline": ("spectrogram.commands.timeline", "follow a text for each stretch of time"),
    "mix": ("spectrogram.commands.mix", "follow a text for each band of frequencies"),
    "variations": ("spectrogram.commands.variations", "make relatives of a clip"),
    "stereo": ("spectrogram.commands.stereo", "make sound with two channels from a text"),
    "upscale": ("spectrogram.commands.upscale", "make a sound finer and brighter"),
    "nearest": ("spectrogram.commands.nearest", "find the training clips that a sound is most like"),
    "encode": ("spectrogram.commands.encode", "turn audio files into spectrogram pictures"),
    "decode": ("spectrogram.commands.decode", "turn spectrogram pictures into audio files"),
    "inspect": ("spectrogram.commands.inspect", "say what a picture or sound holds, draw it with axes"),
}
# What stands first in the help of a command, where it has it.
FIRST = (
    *("--out", "--seed", "--steps", "--guidance", "--negative-prompt", "--lora", "--base"),
    *("--num", "--seconds", "--side", "--seam", "--strength", "--amount", "--spread"),
    *("--start", "--end", "--low", "--high"),
)


def main(arguments: list[str] | None = None) -> int:
    """Exit code of the named command; a Problem, and what the disk refuses, is one line without a traceback."""
    from spectrogram.exits import ended

    arguments = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(prog="python -m spectrogram", description=__doc__.split(":")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    named = arguments[0] if arguments else None
    modules = {}
    for name, (module_name, summary) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        if name == named:
            modules[name] = importlib.import_module(module_name)
            modules[name].add_arguments(command)
            in_groups(command, *(flag for flag in FIRST if flag in command._option_string_actions))
    options = parser.parse_args(arguments)
    return ended(lambda: modules[options.command].run(options))


if __name__ == "__main__":
    sys.exit(main())
