"""All that is asked of the Hub goes through here: no request waits without end, no answer of it is a traceback.

What the Hub, a proxy or a login page in front of it answers becomes one sentence with what to do about it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from huggingface_hub import HfApi

from spectrogram.files.atomic import FULL
from spectrogram.problems import EnvironmentProblem, Problem, UsageProblem

NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
# The Hub's client waits for ever unless told otherwise; it tries again five times by itself.
CONNECT_S, READ_S = 10.0, 30.0
LOG_IN = "run `hf auth login` with a token that may do this"
LATER = "run the same command again later"
# What a status means, and what helps.
ANSWERS = {
    401: ("your token is missing or no longer valid", LOG_IN),
    403: ("your token may not do this", f"accept the repository's terms on its page, or {LOG_IN}"),
    404: ("there is no such repository or file", f"check its name; for a private one {LOG_IN}"),
    409: ("somebody else changed it at the same time", "run the same command again"),
    413: ("it is too large for the Hub", "send less"),
    429: ("too many requests came from here", "wait some minutes, then run the same command again"),
}


def repository(name) -> str:
    """The name, if it can be one on the Hub: USER/NAME. Raises UsageProblem otherwise."""
    if not NAME.fullmatch(str(name or "")):
        raise UsageProblem(f"{str(name)[:80]!r} is no name of a repository", "USER/NAME", "write it like me/rain-roof")
    return str(name)


@cache
def with_time_outs() -> None:
    """Give the Hub's client time-outs, once in a process."""
    from huggingface_hub import set_client_factory
    from huggingface_hub.utils._http import default_client_factory

    def client():
        made = default_client_factory()
        made.timeout = _web().Timeout(READ_S, connect=CONNECT_S)
        return made

    set_client_factory(client)


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Whatever goes wrong with the Hub in this block becomes one sentence.

    Args:
        what: What cannot be done then, such as "u/x cannot be fetched".

    Raises:
        UsageProblem: A name that is none.
        EnvironmentProblem: Any other answer, none at all, or an answer that is not the Hub's.
    """
    from huggingface_hub import errors

    web = _web()
    with_time_outs()
    try:
        yield
    except Problem:
        raise
    except errors.HFValidationError as error:
        raise UsageProblem(f"{what}: {_first_line(error)}", "USER/NAME", "correct the name") from error
    except errors.OfflineModeIsEnabled as error:
        raise _problem(what, "this machine was told to stay offline", "unset HF_HUB_OFFLINE") from error
    except errors.LocalTokenNotFoundError as error:
        raise _problem(what, "there is no token on this machine", LOG_IN) from error
    except errors.HfHubHTTPError as error:
        status = getattr(getattr(error, "response", None), "status_code", 0)
        meaning, remedy = ANSWERS.get(
            status, ("the Hub is out of order", LATER) if status >= 500 else ("it refuses", LOG_IN)
        )
        raise _problem(what, f"{meaning}: {_first_line(error)}", remedy) from error
    except web.TimeoutException as error:
        raise _problem(what, f"the Hub does not answer within {READ_S:g} s", LATER) from error
    except (web.TooManyRedirects, web.DecodingError, errors.FileMetadataError) as error:
        raise _not_its_own(what, error) from error
    except (web.HTTPError, errors.LocalEntryNotFoundError, errors.EntryNotFoundError) as error:
        raise _problem(
            what, f"the Hub cannot be reached: {_first_line(error)}", f"check the network; {LATER}"
        ) from error
    except OSError as error:
        # A full disk is no matter of the Hub's.
        if error.errno in FULL:
            raise
        raise _problem(what, _first_line(error), f"check the name and the network; {LATER}") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise _not_its_own(what, error) from error


def _web():
    """The library that the Hub's client speaks with."""
    import httpx2

    return httpx2


def _not_its_own(what: str, error: Exception) -> EnvironmentProblem:
    told = f"this is no answer of the Hub: {_first_line(error)}"
    return _problem(what, told, "check HF_ENDPOINT, and whether your network wants you to log in")


def _problem(what: str, reason: str, remedy: str) -> EnvironmentProblem:
    return EnvironmentProblem(f"{what} ({reason})", "expected an answer of the Hub", remedy)


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:200]


def commit_folder(folder, repo, kind, public=False, revision=None, message="", replaced=(), left_out=(), token=None):
    """Create the repository (private unless ``public``) and commit a folder; returns the commit's address.

    ``kind`` is "model" or "dataset"; remote files that match ``replaced`` and are not in the folder go in the same
    commit; local files that match ``left_out`` stay here. ``token``: of who commits; None is the one of this machine.
    """
    repository(repo)
    api = HfApi(token=token)
    with asking(f"{repo} was not committed"):
        api.create_repo(repo, repo_type=kind, private=not public, exist_ok=True)
        commit = api.upload_folder(
            repo_id=repo, repo_type=kind, folder_path=Path(folder), revision=revision, commit_message=message,
            delete_patterns=list(replaced), ignore_patterns=list(left_out),
        )  # fmt: skip
        return commit.commit_url


def fetched(repo: str, name: str, **more) -> Path:
    """A file of a repository, on this machine.

    Args:
        repo, name: USER/NAME, and the file's name there.
        more: As `huggingface_hub.hf_hub_download` takes it.

    Raises:
        UsageProblem, EnvironmentProblem: As `asking` tells them.
    """
    from huggingface_hub import hf_hub_download

    with asking(f"{name} of {repo} cannot be fetched"):
        return Path(hf_hub_download(repo, name, **more))
