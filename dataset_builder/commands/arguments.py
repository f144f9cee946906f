"""What the commands of this package have in common: how their help looks and how their summary is printed."""

from __future__ import annotations

import argparse
from pathlib import Path

from spectrogram import json_text


def parser_for(command: str, about: str, epilog: str = "") -> argparse.ArgumentParser:
    """A parser for ``python -m dataset_builder COMMAND`` whose help keeps the lines of ``about`` as they are."""
    return argparse.ArgumentParser(
        prog=f"python -m dataset_builder {command}".strip(),
        description=about,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_dataset(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset", type=Path, help="a folder that this package built")


def add_summary(parser: argparse.ArgumentParser, dry_run: bool = False) -> None:
    """--json, and where nothing need be done to tell what would be, --dry-run."""
    if dry_run:
        text = "say what would be made and how large it gets, make nothing"
        parser.add_argument("--dry-run", action="store_true", help=text)
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")


def add_politeness(parser: argparse.ArgumentParser, pause_s: float | tuple[float, float]) -> None:
    """--pause (one number, or a range) and --address, for commands that ask others' servers."""
    many = isinstance(pause_s, tuple)
    shown = " ".join(f"{value:g}" for value in pause_s) if many else f"{pause_s:g}"
    text = f"seconds before each request (default {shown})"
    parser.add_argument("--pause", type=float, nargs=2 if many else None, default=pause_s, metavar="S", help=text)
    parser.add_argument("--address", help="another address of the server, for mirrors and tests")


def say(as_json: bool, facts: dict, text: str) -> None:
    print(json_text.dumps(facts) if as_json else text)
