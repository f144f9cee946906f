"""One training at a time in a folder; the lock of a dead process is free by itself."""

import os
from contextlib import contextmanager

from spectrogram.files import lock


@contextmanager
def locked(folder):
    """Hold a run's folder; a second training of it stops with code 5. Processes of one accelerate launch share it."""
    if int(os.environ.get("RANK", "0")) > 0:
        yield
        return
    with lock.held(folder / ".lock", folder, "one training at a time", "wait for it, or choose another --out"):
        yield
