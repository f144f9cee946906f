"""Names that come from a file or a stranger become paths in one place, and never lead out of their folder."""

import re
from pathlib import Path, PurePosixPath, PureWindowsPath

from spectrogram.problems import Problem

# Windows keeps these for devices, with any ending.
DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*]')
LONGEST_BYTES = 200


def checked_path(folder, name: str) -> Path:
    """`folder / name` for a name such as "rain/a.wav"; both kinds of slash part folders.

    Args:
        folder: Where the file must lie.
        name: From a table, an archive or a request: relative, no "..", no drive, no device, nothing unprintable.

    Raises:
        Problem: The name is anything else; the text shows it.
    """
    text = str(name).replace("\\", "/")
    parts = PurePosixPath(text).parts
    windows = PureWindowsPath(text)
    if not parts or text.startswith("/") or windows.drive or windows.root:
        raise _refused(name)
    for part in parts:
        _check(part, name)
    return Path(folder, *parts)


def checked_name(name: str) -> str:
    """The name, if it can be a single file or folder on every system; raises Problem otherwise."""
    text = str(name)
    if "/" in text or "\\" in text:
        raise _refused(name)
    _check(text, name)
    return text


def _check(part: str, name: str) -> None:
    wrong = part in ("", ".", "..") or FORBIDDEN.search(part) or DEVICES.fullmatch(part) or part != part.strip()
    if wrong or part.endswith(".") or len(part.encode("utf-8", "surrogatepass")) > LONGEST_BYTES:
        raise _refused(name)


def _refused(name: str) -> Problem:
    shown = ascii(str(name))
    shown = shown if len(shown) <= 80 else f"{shown[:80]}…'"
    return Problem(f"the name {shown} leads nowhere safe", "a plain relative name", "rename it where it was given")
