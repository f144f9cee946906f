"""Politeness shared by all download threads: a pause between requests, one back-off for all, a circuit breaker."""

from __future__ import annotations

import random
import time
from threading import Event, Lock

LONGEST_WAIT_S = 3600.0


class Pace:
    """``wait()`` before each request; ``hit()`` after a refusal; ``relax()`` after a success.

    A refusal holds back every thread for the server's Retry-After, or for ``first_wait_s`` doubled with each refusal
    in a row.  ``patience`` refusals in a row open the circuit: ``stopped`` is set and nothing more is asked.
    """

    def __init__(self, pause_s: tuple[float, float], first_wait_s: float, patience: int, seed: int = 0) -> None:
        self.pause_s, self.first_wait_s, self.patience = pause_s, first_wait_s, patience
        self.random, self.lock, self.stopped = random.Random(seed), Lock(), Event()
        self.next_s, self.refusals, self.waited_s = 0.0, 0, 0.0

    def wait(self) -> bool:
        """Block until it is this thread's turn; False when the circuit is open."""
        with self.lock:
            now = time.monotonic()
            turn = max(now, self.next_s)
            self.next_s = turn + self.random.uniform(*self.pause_s)
            self.waited_s += turn - now
        return not self.stopped.wait(turn - now)

    def hit(self, retry_after_s: float | None) -> None:
        with self.lock:
            self.refusals += 1
            if self.refusals >= self.patience:
                self.stopped.set()
            wait_s = self.first_wait_s * 2 ** (self.refusals - 1) * self.random.uniform(1, 1.2)
            wait_s = min(LONGEST_WAIT_S, max(retry_after_s or 0.0, 0.0 if retry_after_s is not None else wait_s))
            self.next_s = max(self.next_s, time.monotonic() + wait_s)

    def relax(self) -> None:
        with self.lock:
            self.refusals = 0

    def jitter_s(self, attempt: int) -> float:
        """How long one thread waits before its next try of the same row: about doubled each time."""
        with self.lock:
            return self.first_wait_s / 4 * 2 ** (attempt - 1) * self.random.uniform(0.5, 1.5)
