"""``python -m dataset_builder push DATASET USER/NAME``: a folder becomes a repository on the Hub, in one commit."""

from __future__ import annotations

import argparse

from dataset_builder.commands.arguments import add_dataset, parser_for
from spectrogram.exits import ended
from spectrogram.files.dataset_folder import CARD, DATA, configs


def parser() -> argparse.ArgumentParser:
    made = parser_for("push", __doc__)
    add_dataset(made)
    made.add_argument("repo", help="USER/NAME on the Hub")
    made.add_argument("--public", action="store_true", help="everybody may see it (default: private; check licences!)")
    made.add_argument("--revision", help="branch to commit to (default: main)")
    made.add_argument("--message", default="Dataset of spectrograms and captions", help="commit message")
    return made


def main(argv: list[str]) -> int:
    options = parser().parse_args(argv)
    return ended(lambda: run(options))


def run(options: argparse.Namespace) -> int:
    """Create the repository if needed and commit the folder; shards of an earlier build go in the same commit."""
    from spectrogram.files.hub import commit_folder

    configs(options.dataset)
    url = commit_folder(
        options.dataset, options.repo, "dataset", options.public, options.revision, options.message,
        replaced=(f"{DATA}/*", f"{CARD}/*"),
    )  # fmt: skip
    print(f"{url}\nnext: load_dataset({options.repo!r})")
    return 0
