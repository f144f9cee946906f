"""One holder at a time, who is named; the lock of the dead is free."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from spectrogram.files import lock
from spectrogram.problems import EnvironmentProblem

ROOT = Path(__file__).parents[3]
HOLD = """
import sys
from spectrogram.files import lock
with lock.held(sys.argv[1], "the set", "one at a time", "wait"):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder_of(path):
    program = [sys.executable, "-c", HOLD, str(path)]
    child = subprocess.Popen(program, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "held\n"
    return child


def test_a_second_holder_is_told_who_has_it_and_what_to_do(tmp_path):
    with holder_of(tmp_path / "work" / "lock") as child:
        with pytest.raises(EnvironmentProblem) as told, lock.held(tmp_path / "work" / "lock", "the set", "one", "wait"):
            pass
        child.stdin.close()
    assert str(told.value) == f"The set is locked by pid {child.pid} (expected one). Wait."
    with lock.held(tmp_path / "work" / "lock", "the set", "one", "wait"):
        pass


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path):
    with holder_of(tmp_path / "lock") as child:
        os.kill(child.pid, signal.SIGKILL)
    with lock.held(tmp_path / "lock", "the set", "one", "wait"):
        assert (tmp_path / "lock.pid").read_text() == f"{os.getpid()}\n"


def test_it_is_held_against_the_same_process_too(tmp_path):
    with (
        lock.held(tmp_path / "lock", "the set", "one", "wait"),
        pytest.raises(EnvironmentProblem, match=f"locked by pid {os.getpid()}"),
        lock.held(tmp_path / "lock", "the set", "one", "wait"),
    ):
        pass
