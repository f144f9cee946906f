"""``python -m dataset_builder``: build a dataset (the default), or one of the commands below."""

from __future__ import annotations

import importlib
import sys

COMMANDS = {
    "audiocaps": "dataset_builder.commands.audiocaps",
    "fetch": "dataset_builder.commands.fetch",
    "download": "dataset_builder.commands.download",
    "scale": "dataset_builder.commands.scale",
    "export": "dataset_builder.commands.export",
    "inspect": "dataset_builder.commands.inspect",
    "push": "dataset_builder.commands.push",
    "soundscapes": "dataset_builder.commands.soundscapes",
}


def main(argv: list[str] | None = None) -> int:
    argv = sys.argv[1:] if argv is None else argv
    if argv and argv[0] in COMMANDS:
        return importlib.import_module(COMMANDS[argv[0]]).main(argv[1:]) or 0
    from dataset_builder.commands.build import main as build

    return build(argv)


if __name__ == "__main__":
    sys.exit(main())
