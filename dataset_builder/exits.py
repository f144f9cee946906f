"""How every command ends: an exit code that scripts can react to and one line that a person can act on."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from spectrogram.files.atomic import FULL, REFUSED
from spectrogram.files.texts import encodings
from spectrogram.problems import ENVIRONMENT_EXIT_CODE, Problem

INTERRUPTED_EXIT_CODE = 130
KEPT = "make room and run the same command again, finished work is kept"
DISK_ERRORS = {*FULL, *REFUSED}


def ended(action: Callable[[], int], encoding: str | None = None) -> int:
    """The exit code of ``action``; a Problem, a full disk and Ctrl-C become one line on stderr and their code.

    ``encoding``: what the command's ``--encoding`` states, if it has one.
    """
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    # A console that knows only ASCII must not stop a build because of a caption.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    try:
        with encodings.stated(encoding):
            return action()
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return problem.exit_code
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            raise
        print(
            f"error: cannot write {error.filename or 'the output'} ({error.strerror}): {advice(error)}", file=sys.stderr
        )
        return ENVIRONMENT_EXIT_CODE
    except KeyboardInterrupt:
        print("\ninterrupted: run the same command again to go on", file=sys.stderr)
        return INTERRUPTED_EXIT_CODE


def advice(error: OSError) -> str:
    if error.errno in FULL:
        return f"expected free space; {KEPT}"
    return "expected permission to write there; choose another --out or change its owner"
