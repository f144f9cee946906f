"""Threads of the page share the pools that memory comes from."""

import subprocess
import sys

import pytest

# Forty threads at once, each with memory of its own: how many pools the C library has then.
COUNTS = """
import ctypes, re, sys, tempfile, threading
from space.engine.memory import keep_flat
if sys.argv[1] == "shared":
    assert keep_flat()
libc, barrier, kept = ctypes.CDLL(None), threading.Barrier(40), []
def work():
    barrier.wait()
    kept.append([bytes(2000) for _ in range(2000)])
    barrier.wait()
threads = [threading.Thread(target=work) for _ in range(40)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
libc.fopen.restype = ctypes.c_void_p
with tempfile.NamedTemporaryFile() as told:
    file = ctypes.c_void_p(libc.fopen(told.name.encode(), b"w"))
    libc.malloc_info(0, file)
    libc.fclose(file)
    print(len(re.findall(r"<heap nr=", open(told.name).read())))
"""


def pools(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", COUNTS, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc has arenas")
def test_forty_threads_share_two_pools():
    assert pools("shared") <= 2 < pools("as it is")
