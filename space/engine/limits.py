"""How often one visitor may press: a sliding window for each session, a wider one for each address."""

import threading
import time
from collections import deque
from collections.abc import Callable

WINDOW_S = 300.0
# A session's name is chosen by the browser, so an address has a limit too: a school shares one.
SESSIONS_AT_ONE_ADDRESS = 5
MOST_KEYS = 10_000


class RateLimit:
    """`wait_s(session, address)` is 0 when a request may start (and counts it), else the seconds to wait."""

    def __init__(self, most: int | None, window_s: float = WINDOW_S, clock: Callable[[], float] = time.monotonic):
        self.most, self.window_s, self.clock = most, window_s, clock
        self.seen: dict[tuple[str, str], deque[float]] = {}
        self.lock = threading.Lock()

    def wait_s(self, session: str, address: str) -> float:
        if self.most is None:
            return 0.0
        limits = {("session", session): self.most, ("address", address): self.most * SESSIONS_AT_ONE_ADDRESS}
        with self.lock:
            now = self.clock()
            self._forget(now)
            waits = [self._wait(key, most, now) for key, most in limits.items()]
            if max(waits) == 0:
                for key in limits:
                    self.seen.setdefault(key, deque()).append(now)
            return max(waits)

    def _wait(self, key: tuple[str, str], most: int, now: float) -> float:
        times = self.seen.get(key, ())
        return max(0.0, times[-most] + self.window_s - now) if len(times) >= most else 0.0

    def _forget(self, now: float):
        """Drop what is older than the window; with very many visitors the oldest are forgotten as well."""
        for key in list(self.seen):
            times = self.seen[key]
            while times and times[0] + self.window_s <= now:
                times.popleft()
            if not times:
                del self.seen[key]
        while len(self.seen) > MOST_KEYS:
            del self.seen[next(iter(self.seen))]
