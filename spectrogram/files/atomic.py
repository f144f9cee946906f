"""One way to write a file or a folder: it appears whole under its name, or not at all."""

import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spectrogram.problems import EnvironmentProblem

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)
ALMOST_NOTHING_BYTES = 1 << 16
# What a killed program leaves behind: hidden, and with no ending that any reader of folders looks for.
LEFTOVERS = ".*.partial"


def write_text(path, text: str) -> Path:
    """Write UTF-8 text with the line ends it has; returns the path. Raises as `replacing` does."""
    return write_bytes(path, text.encode("utf-8"))


def write_bytes(path, data: bytes) -> Path:
    """Write bytes; returns the path. Raises as `replacing` does."""
    with replacing(path, len(data)) as unfinished:
        unfinished.write_bytes(data)
    return Path(path)


@contextmanager
def replacing(path, needed_bytes: int | None = None) -> Iterator[Path]:
    """Yield a hidden path beside `path`; the file written there takes its place if the block ends well, else it goes.

    Args:
        path: The file to be; missing folders above it are made. A former file's permissions stay.
        needed_bytes: How large it becomes, if that is known, for the message of a full disk.

    Raises:
        EnvironmentProblem: The disk is full or the folder cannot be written; a former file is untouched.
    """
    path = Path(path)
    unfinished = _beside(path)
    with explained(path, needed_bytes):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield unfinished
            if path.exists():
                shutil.copymode(path, unfinished)
            os.replace(unfinished, path)
        finally:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path, needed_bytes: int | None = None) -> Iterator[Path]:
    """Yield a new hidden folder beside `path` that takes its place if the block ends well, else it goes.

    Args and errors are those of `replacing`. A former folder is removed only once the new one stands in its place.
    """
    path = Path(path)
    unfinished, former = _beside(path), _beside(path)
    with explained(path, needed_bytes):
        try:
            unfinished.mkdir(parents=True)
            yield unfinished
            if path.exists():
                os.replace(path, former)
            try:
                os.replace(unfinished, path)
            except BaseException:
                if former.exists():
                    os.replace(former, path)
                raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
            shutil.rmtree(former, ignore_errors=True)


def _beside(path: Path) -> Path:
    # The name is cut, because a long one plus our ending may be more than a file system takes (255 bytes).
    return path.with_name(f".{path.name[:48]}.{os.getpid()}-{secrets.token_hex(4)}.partial")


@contextmanager
def explained(path: Path, needed_bytes: int | None = None) -> Iterator[None]:
    """A full disk or a folder that cannot be written becomes, in this block, an EnvironmentProblem that names `path`.

    For files that grow in place; `replacing` does it by itself.
    """
    path = Path(path)
    try:
        with _as_system_errors(path):
            yield
    except OSError as error:
        ours = error.filename is None or Path(os.fsdecode(error.filename)).parent in (path.parent, *path.parents)
        if not ours or error.errno not in (*FULL, *REFUSED):
            raise
        room = "free space" if needed_bytes is None else f"{needed_bytes} bytes of free space"
        expected, remedy = (
            (f"expected {room}", "make room and run the same command again, finished work is kept")
            if error.errno in FULL
            else ("expected permission to write there", "choose another place or change its owner")
        )
        raise EnvironmentProblem(f"cannot write {path} ({error.strerror})", expected, remedy) from error


@contextmanager
def _as_system_errors(path: Path) -> Iterator[None]:
    """What libraries of other languages say of a disk becomes the OSError that it was.

    libsndfile says "System error." of any, so that the disk itself is asked.
    """
    try:
        yield
    except Exception as error:
        if type(error).__name__ not in ("SafetensorError", "LibsndfileError"):
            raise
        told = re.search(r"os error (\d+)", str(error))
        number = int(told[1]) if told else _wrong_with(path.parent) if "System error" in str(error) else 0
        if not number:
            raise
        raise OSError(number, os.strerror(number)) from error


def _wrong_with(folder: Path) -> int:
    """The number of the system's error where a folder's disk is full or cannot be written; 0 where it is well."""
    try:
        if hasattr(os, "statvfs") and os.statvfs(folder).f_flag & os.ST_RDONLY:
            return errno.EROFS
        return 0 if shutil.disk_usage(folder).free >= ALMOST_NOTHING_BYTES else errno.ENOSPC
    except OSError as error:
        return error.errno or 0
