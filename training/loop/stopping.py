"""A polite stop: SIGTERM and SIGINT let the step in hand finish, the run is saved, and the same command goes on."""

import signal
import threading

from spectrogram.problems import Problem

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Interrupted(Problem):
    """The run was stopped by a signal and can be resumed."""

    exit_code = 130


class StopSignal:
    """Context in which a signal sets ``requested``; before training has begun it ends the program at once.

    Outside the main thread, where Python allows no handlers, it only never requests anything.
    """

    def __init__(self):
        self.requested, self.training, self.former = False, False, {}

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            self.former = {number: signal.signal(number, self._receive) for number in SIGNALS}
        return self

    def __exit__(self, *failure):
        for number, handler in self.former.items():
            signal.signal(number, handler)

    def _receive(self, number, frame):
        if self.requested or not self.training:
            raise interrupted("nothing had been trained" if not self.training else "the second signal did not wait")
        self.requested = True


def interrupted(state):
    return Interrupted(
        f"stopped by a signal; {state}", "an unbroken run", "run the same command again: it goes on where it was"
    )
