"""The one place where the bytes of a text file become letters.

A byte-order mark decides, then UTF-8, then what the command's ``--encoding`` says, then what the bytes look like.  The
last is a guess: it is logged with the letters that it gave and with the flag that says otherwise.
"""

from __future__ import annotations

import argparse
import codecs
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from spectrogram.problems import Problem

log = logging.getLogger(__name__)

REMEDY = "correct the file (spreadsheets: save as 'CSV UTF-8') and run again"
LARGEST_BYTES = 1 << 30
MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"))
MARKS += ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
# More letters beyond ASCII in a row than a word of Latin letters has: the bytes are of another script.
OTHER_SCRIPT = re.compile(rb"[\x80-\xff]{4}")
# Of Latin letters: Windows', then DOS'.
LATIN = ("cp1252", "cp850")
# Encodings of other scripts that people still meet, and how far the likeliest must be ahead of the next: by its mess (0
# to 1), or by the share of its words that a language has.
USUAL = ("cp1251", "koi8_r", "cp1253", "cp1255", "cp1256", "cp932", "euc_jp", "gb18030", "big5", "cp949")
SURE_BY = 0.04
SURE_COHERENCE = 0.2
HELP = "of tables and texts that are not UTF-8, such as cp1251 or shift_jis (default: guessed from each, and said)"

_stated: ContextVar[str | None] = ContextVar("encoding", default=None)


def add_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--encoding`` to a command that reads tables or texts; its value is for ``stated``."""
    parser.add_argument("--encoding", type=known, metavar="NAME", help=HELP)


def known(name: str) -> str:
    """The name, if Python knows a text encoding that is called so; else what argparse shows."""
    try:
        "a".encode(name)
    except (LookupError, UnicodeError, ValueError) as error:
        message = f"{name!r} is no encoding of texts: try cp1250, cp1251, shift_jis, gb18030 or latin-1"
        raise argparse.ArgumentTypeError(message) from error
    return name


@contextmanager
def stated(name: str | None) -> Iterator[None]:
    """Within the context, text files that are not UTF-8 are read in this encoding; None: each is guessed."""
    before = _stated.set(name)
    try:
        yield
    finally:
        _stated.reset(before)


def raw(path: Path) -> bytes:
    """The bytes of a plain file; raises Problem for everything else (a pipe would never end)."""
    if not path.exists():
        raise Problem(f"{path} is not there", "expected a table or a folder", "check the path")
    try:
        if not path.is_file() or path.stat().st_size > LARGEST_BYTES:
            raise Problem(f"{path} is no table", "expected a plain file of at most 1 GiB", "give another one")
        return path.read_bytes()
    except OSError as error:
        raise Problem(f"cannot read {path}", "expected a readable file", error.strerror or str(error)) from error


def text_of(path, encoding: str | None = None) -> str:
    """The whole of a text file, whatever its encoding; raises Problem for what is no text."""
    return decoded(Path(path), raw(Path(path)), encoding)


def decoded(path: Path, data: bytes, encoding: str | None = None) -> str:
    """Bytes of a file as text, without a byte-order mark; a guess is logged.

    Args:
        path: The file, for messages.
        data: What is in it.
        encoding: Its encoding, whatever the bytes say; None: see ``encoding_of``.
    """
    if data[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        raise Problem(
            f"{path.name} is a spreadsheet or an archive", "expected a table of text", "save it as 'CSV UTF-8'"
        )
    try:
        found, guessed = (encoding, False) if encoding else encoding_of(data)
    except Problem as problem:
        raise Problem(f"{path.name}: {problem.what}", problem.expected, problem.remedy) from problem
    try:
        text = data.decode(found)
    except (UnicodeDecodeError, LookupError) as error:
        remedy = f"{REMEDY}, or say its encoding: --encoding NAME"
        raise Problem(f"{path.name} is no text in {found} ({error})", "expected UTF-8 text", remedy) from error
    text = text.removeprefix("\ufeff")
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise Problem(f"{path.name} line {line} holds a NUL byte", "expected text", REMEDY)
    if guessed:
        say_once(path, f"{path.name} is not UTF-8 and is read as {found}: {sample(text)}")
    elif _stated.get() and found.startswith("utf") and not text.isascii() and plain(_stated.get()) != plain(found):
        say_once(path, f"{path.name} is {found.upper()} and is read as that, not as {_stated.get()}")
    return text


@lru_cache(maxsize=256)
def say_once(path: Path, message: str) -> None:
    """A file is read more than once, to see what it is; what is assumed of it is said once."""
    log.warning("%s", message)


def plain(name: str) -> str:
    return codecs.lookup(name).name.removesuffix("-sig")


def sample(text: str) -> str:
    """``line 2: 'the bird’s song'``: the first line with a letter beyond ASCII, for a person to judge."""
    number, line = next(((n, one) for n, one in enumerate(text.splitlines(), 1) if not one.isascii()), (1, text[:60]))
    first = next((place for place, letter in enumerate(line) if not letter.isascii()), 0)
    shown = line[max(0, first - 30) : first + 30]
    return f"line {number}: {shown!r}; if that is wrong, say its encoding (--encoding NAME) or save it as UTF-8"


def encoding_of(data: bytes) -> tuple[str, bool]:
    """(the codec of a text's bytes, whether it is a guess): by mark, UTF-8, what was stated, else the likeliest."""
    for mark, name in MARKS:
        if data.startswith(mark):
            return name, False
    name, by_zeros = _stated.get(), by_its_zeros(data)
    if by_zeros and not name:
        return by_zeros, False
    # Encodings such as iso2022_jp are all ASCII, so that plain bytes are what was stated.
    if not (name and data.isascii()) and is_utf_8(data):
        return "utf-8", False
    return (name, False) if name else (likeliest(data), True)


def by_its_zeros(data: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of western letters is zero."""
    head = data[:4096]
    for name, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        if len(zeros) and zeros.count(0) > 0.4 * len(zeros):
            return name
    return None


def is_utf_8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def likeliest(data: bytes) -> str:
    """What bytes that are not UTF-8 look like; "utf-8" (which then fails) where they look like no text.

    Raises:
        Problem: Several encodings are as likely: a wrong guess would be worse than a question.
    """
    try:
        from charset_normalizer import from_bytes
    except ImportError:  # where the core or the pipeline is installed alone
        return "windows-1252"
    # A detector has too little to go by in a few accents; alone among ASCII they are Latin ones.
    latin = LATIN if not OTHER_SCRIPT.search(data) else ()
    fits = next((name for name in latin if from_bytes(data, cp_isolation=[name]).best()), None)
    if fits:
        return "windows-1252" if fits == "cp1252" else fits
    found = list(from_bytes(data, cp_isolation=list(USUAL)))
    if not found:
        return "utf-8"
    near = [one for one in found if one.chaos - found[0].chaos < SURE_BY and one.encoding != found[0].encoding]
    if near and found[0].coherence < SURE_COHERENCE:
        names = ", ".join(one.encoding for one in (found[0], *near))
        raise Problem(
            f"the text is not UTF-8 and could be any of {names}",
            "a text whose encoding is known",
            f"save it as UTF-8, or say which it is: --encoding {found[0].encoding}",
        )
    return found[0].encoding
