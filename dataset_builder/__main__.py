"""``python -m dataset_builder``: build a dataset (the default), or one of the commands below."""

from __future__ import annotations

import importlib
import sys

COMMANDS = {
    "audiocaps": "dataset_builder.audiocaps_command",
    "fetch": "dataset_builder.fetch_command",
    "download": "dataset_builder.download_command",
    "scale": "dataset_builder.scale",
    "inspect": "dataset_builder.inspect_command",
    "push": "dataset_builder.push_command",
    "soundscapes": "dataset_builder.soundscapes_command",
}


def main(argv: list[str] | None = None) -> int:
    argv = sys.argv[1:] if argv is None else argv
    if argv and argv[0] in COMMANDS:
        return importlib.import_module(COMMANDS[argv[0]]).main(argv[1:]) or 0
    from dataset_builder.command import main as build

    return build(argv)


if __name__ == "__main__":
    sys.exit(main())
