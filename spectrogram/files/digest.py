"""What the bytes of a file are known by."""

import hashlib

from spectrogram.files.sound_file import check_regular

BLOCK_BYTES = 1 << 20


def sha256_of(path) -> str:
    """SHA-256 of a regular file's bytes, in hex. Raises FileNotFoundError, and SoundProblem for a pipe or device."""
    check_regular(path)
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(BLOCK_BYTES):
            found.update(block)
    return found.hexdigest()
