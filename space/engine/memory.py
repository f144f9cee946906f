"""The page's memory: what a request needed is there for the next one, and what none needs goes back to the system."""

import ctypes
import sys
import threading
import time

M_ARENA_MAX, ARENAS = -8, 2
GIVEN_BACK_EVERY_S = 60.0


def keep_flat() -> bool:
    """Have all threads take memory from two pools of the C library and empty them now and then; True where it can.

    By itself glibc gives each thread a pool of its own and keeps there what was freed: a page that is asked for long
    grows with the number of its threads.  Call it before threads are started.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        library = ctypes.CDLL(None)
        taken, trim = bool(library.mallopt(M_ARENA_MAX, ARENAS)), library.malloc_trim
    except (OSError, AttributeError):
        return False
    threading.Thread(target=_give_back, args=(trim,), daemon=True).start()
    return taken


def _give_back(trim) -> None:
    while True:
        time.sleep(GIVEN_BACK_EVERY_S)
        trim(0)
