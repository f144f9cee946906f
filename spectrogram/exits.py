"""How every command ends: an exit code that scripts can react to and one line that a person can act on."""

import logging
import sys
from collections.abc import Callable

from spectrogram.files.atomic import FULL, REFUSED
from spectrogram.files.texts import encodings
from spectrogram.problems import ENVIRONMENT_EXIT_CODE, EnvironmentProblem, Problem

INTERRUPTED_EXIT_CODE = 130
KEPT = "make room and run the same command again, finished work is kept"


def ended(action: Callable[[], int | None], program: str = "error", encoding: str | None = None) -> int:
    """Run a command and say in one line why it could not be done.

    Args:
        action: The command; None counts as 0.
        program: What the line begins with.
        encoding: Of the texts and tables that it reads, where the reader stated one.

    Returns:
        Its exit code: a Problem's own, 5 where disk, memory or system refuse, 130 after Ctrl-C.
    """
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    # A console that knows only ASCII must not stop a build because of a caption.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        with encodings.stated(encoding):
            return action() or 0
    except Problem as problem:
        print(f"{program}: {problem}", file=sys.stderr)
        return problem.exit_code
    except OSError as error:
        print(f"{program}: {told(error)}", file=sys.stderr)
        return ENVIRONMENT_EXIT_CODE
    except MemoryError as error:
        reason = f" ({error})" if str(error) else ""
        full = EnvironmentProblem(f"the memory is used up{reason}", "more", "close other programs, or take less")
        print(f"{program}: {full}", file=sys.stderr)
        return ENVIRONMENT_EXIT_CODE
    except KeyboardInterrupt:
        print("\ninterrupted: run the same command again to go on", file=sys.stderr)
        return INTERRUPTED_EXIT_CODE


def told(error: OSError) -> EnvironmentProblem:
    """What the system refused, and what to do about it."""
    where, reason = error.filename or "the output", error.strerror or (str(error).splitlines() or ["?"])[0][:300]
    if error.errno in FULL:
        return EnvironmentProblem(f"cannot write {where} ({reason})", "free space", KEPT)
    if error.errno in REFUSED:
        remedy = "choose another place, or change its owner"
        return EnvironmentProblem(f"{where} is refused ({reason})", "permission", remedy)
    if error.filename is None:
        return EnvironmentProblem(f"the system refuses ({reason})", "files that can be read and written", "check them")
    return EnvironmentProblem(f"{where} cannot be used ({reason})", "a file or folder that can be", "check the path")
