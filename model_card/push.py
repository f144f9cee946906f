"""``python -m model_card push runs/NAME USER/NAME``: adapter, card and samples become a model repository."""

import argparse
from pathlib import Path

from model_card import adapter_card
from model_card.facts import gather
from model_card.taught import loading
from spectrogram.files.hub import commit_folder, repository
from spectrogram.problems import Problem

# What a run needs to go on, and nobody else; the card, the weights, samples and settings go.
LEFT_OUT = ("checkpoints/*", "curves/*", ".lock", ".*", "*.partial", "events.jsonl")


def build_parser():
    parser = argparse.ArgumentParser(prog="python -m model_card push", description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the run, e.g. runs/owl")
    parser.add_argument("repo", help="USER/NAME on the Hub")
    parser.add_argument("--results", type=Path, help="results.json that python -m metrics wrote")
    parser.add_argument(
        "--public", action="store_true", help="everybody may see it (default: private; check licences!)"
    )
    parser.add_argument("--revision", help="branch to commit to (default: main)")
    return parser


def main(argv):
    """Write the card anew and commit the folder; returns the exit code."""
    arguments = build_parser().parse_args(argv)
    run, repo = arguments.run, arguments.repo
    address = push(run, repo, arguments.results, arguments.public, arguments.revision)
    print(f"{address}\nnext: {loading(gather(run).settings, repr(repo))}")
    return 0


def push(run, repo, results=None, public=False, revision=None, token=None):
    """Write the card of a run anew and commit its folder; the repository's address.

    ``token``: of who publishes (None: the one of this machine). Raises Problem with what to do.
    """
    if not any(Path(run).glob("*.safetensors")):
        raise Problem(f"{Path(run).name} has no adapter yet", "a finished run", "train it first")
    repository(repo)
    adapter_card.write(gather(run, results))
    commit = commit_folder(
        run, repo, "model", public, revision, "Adapter, card and samples", left_out=LEFT_OUT, token=token
    )
    return str(commit).split("/commit/")[0]
