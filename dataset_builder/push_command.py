"""``python -m dataset_builder push DATASET USER/NAME``: a folder becomes a repository on the Hub, in one commit."""

from __future__ import annotations

import argparse
from pathlib import Path

from dataset_builder.exits import ended
from dataset_builder.layout import configs
from spectrogram.problems import EnvironmentProblem, UsageProblem


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m dataset_builder push", description=__doc__)
    made.add_argument("dataset", type=Path, help="a folder that this package built")
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
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError, OfflineModeIsEnabled

    configs(options.dataset)
    api = HfApi()
    try:
        api.create_repo(options.repo, repo_type="dataset", private=not options.public, exist_ok=True)
        commit = api.upload_folder(
            repo_id=options.repo,
            repo_type="dataset",
            folder_path=options.dataset,
            revision=options.revision,
            commit_message=options.message,
            delete_patterns=["data/*", "card/*"],
        )
    except HFValidationError as error:
        raise UsageProblem(f"{options.repo} is no repository name", "expected USER/NAME", str(error)) from error
    except (HfHubHTTPError, LocalTokenNotFoundError, OfflineModeIsEnabled, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise EnvironmentProblem(
            f"the Hub refuses ({reason})", "expected to commit", "run `hf auth login` with a token that may write"
        ) from error
    print(f"{commit.commit_url}\nnext: load_dataset({options.repo!r})")
    return 0
