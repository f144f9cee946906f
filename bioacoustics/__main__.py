"""``python -m bioacoustics COMMAND``: one module a command, loaded when it is asked for."""

from __future__ import annotations

import importlib
import sys

COMMANDS = {
    "learn": (
        "bioacoustics.commands.learn",
        "learn sources for separate, or a classifier for classify and detect",
    ),
    "separate": (
        "bioacoustics.commands.separate",
        "part recordings into one sound a source, or clean a folder for datasets",
    ),
    "classify": (
        "bioacoustics.commands.classify",
        "name what sounds in clips, and say how well, also in rain and wind",
    ),
    "detect": ("bioacoustics.commands.detect", "find when each class sounds in recordings of hours"),
    "rare": (
        "bioacoustics.commands.rare",
        "find out whether generated sound helps a classifier of classes with few recordings",
    ),
    "choose": ("bioacoustics.commands.choose", "find the spectrogram that tells your classes apart best"),
}


def main(argv: list[str] | None = None) -> int:
    argv = sys.argv[1:] if argv is None else argv
    if argv and argv[0] in COMMANDS:
        return importlib.import_module(COMMANDS[argv[0]][0]).main(argv[1:]) or 0
    names = "\n".join(f"  {name:<9} {about}" for name, (_, about) in COMMANDS.items())
    text = f"usage: python -m bioacoustics COMMAND ...\n\n{names}\n\nCOMMAND --help says more."
    asked = argv and argv[0] in ("-h", "--help")
    print(
        text if asked else f"error: {argv[0] if argv else 'nothing'} is no command\n\n{text}",
        file=None if asked else sys.stderr,
    )
    return 0 if asked else 2


if __name__ == "__main__":
    sys.exit(main())
