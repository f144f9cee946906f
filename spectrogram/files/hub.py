"""A folder becomes a repository on the Hub, in one commit; what the Hub refuses is said with what to do."""

import re
from pathlib import Path

from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError, OfflineModeIsEnabled

from spectrogram.problems import EnvironmentProblem, UsageProblem

NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")


def repository(name) -> str:
    """The name, if it can be one on the Hub: USER/NAME. Raises UsageProblem otherwise."""
    if not NAME.fullmatch(str(name or "")):
        raise UsageProblem(f"{str(name)[:80]!r} is no name of a repository", "USER/NAME", "write it like me/rain-roof")
    return str(name)


def commit_folder(folder, repo, kind, public=False, revision=None, message="", replaced=(), left_out=(), token=None):
    """Create the repository (private unless ``public``) and commit a folder; returns the commit's address.

    ``kind`` is "model" or "dataset"; remote files that match ``replaced`` and are not in the folder go in the same
    commit; local files that match ``left_out`` stay here. ``token``: of who commits; None is the one of this machine.
    """
    repository(repo)
    api = HfApi(token=token)
    try:
        api.create_repo(repo, repo_type=kind, private=not public, exist_ok=True)
        commit = api.upload_folder(
            repo_id=repo, repo_type=kind, folder_path=Path(folder), revision=revision, commit_message=message,
            delete_patterns=list(replaced), ignore_patterns=list(left_out),
        )  # fmt: skip
    except HFValidationError as error:
        raise UsageProblem(f"{repo} is no repository name", "expected USER/NAME", str(error)) from error
    except (HfHubHTTPError, LocalTokenNotFoundError, OfflineModeIsEnabled, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise EnvironmentProblem(
            f"the Hub refuses ({reason})", "expected to commit", "run `hf auth login` with a token that may write"
        ) from error
    return commit.commit_url
