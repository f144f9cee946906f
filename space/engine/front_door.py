"""The one way in for page and API: requests are built, checked, counted, worked on, and given up with their client."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from space.engine.engine import Engine
from space.engine.gpu_refusal import events_or_refusal
from space.engine.limits import RateLimit
from space.jobs import Failed, Request
from space.store.clips import ClipStore
from space.store.visitors import departure, visitor
from spectrogram.problems import UsageProblem
from spectrogram.sampling.seeds import LARGEST_SEED, draw_seed

LONGEST_PROMPT = 1000
NO_ADAPTER = "none"
# What the numbers of a request may be, whoever sends it.
LIMITS = {"seed": (0, LARGEST_SEED), "steps": (1, 100), "seconds": (0.01, 60), "guidance": (0, 30), "count": (1, 4)}
WATCHED_EVERY_S = 0.5


class FrontDoor:
    """`submit` yields the events of a request; `admit` lets in what needs no model (measuring, encoding)."""

    def __init__(self, engine: Engine, store: ClipStore, limit: RateLimit):
        self.engine, self.store, self.limit = engine, store, limit

    def admit(self, page) -> None:
        """Counts a visit. Raises UsageProblem that says how long to wait."""
        if wait_s := self.limit.wait_s(*visitor(page)):
            raise UsageProblem(
                "many requests came from here", f"a pause of {wait_s:.0f} s", f"wait {wait_s:.0f} s and try again"
            )

    def submit(self, request: Request, page) -> Iterator:
        """The engine's events; a refusal is a Failed. The work stops when the client leaves or closes the generator."""
        try:
            check(request)
            self.admit(page)
        except UsageProblem as problem:
            yield Failed(str(problem))
            return
        stop_file = self.stop_file(page)
        stop_file.unlink(missing_ok=True)
        with stopped_when(departure(), stop_file):
            yield from events_or_refusal(self.engine.work(request, stop_file))

    def stop_file(self, page) -> Path:
        """The file that stops this session's work."""
        return self.store.stop_file(page.session_hash or "api")


def sampling(seed, negative: str, steps: int, guidance: float, adapter: str | None, strength: float) -> dict:
    """The fields of a Request that every form has; a seed of None or below 0 is drawn, an empty number is the usual."""
    return {
        "seed": draw_seed() if seed is None or seed < 0 else int(seed),
        "negative_prompt": clean(negative),
        "steps": None if steps is None else int(steps),
        "guidance": guidance,
        "adapter": None if adapter in ("", None, NO_ADAPTER) else adapter,
        "adapter_scale": 1.0 if strength is None else strength,
    }


def check(request: Request) -> None:
    """Raises UsageProblem for texts that are none and numbers that no request may hold."""
    if not request.prompt:
        raise UsageProblem("the prompt is empty", "words such as “rain on a tin roof”", "write what you want to hear")
    if max(len(request.prompt), len(request.negative_prompt)) > LONGEST_PROMPT * len(_texts(request)):
        raise UsageProblem("the prompt is too long", f"{LONGEST_PROMPT} characters at most", "shorten it")
    fixed = [(field.name, getattr(request, field.name)) for field in fields(request)]
    for name, value in (*fixed, *request.options.items()):
        if not isinstance(value, int | float):
            continue
        low, high = LIMITS.get(name, (-(2**64), 2**64))
        if not low <= value <= high:  # nor is any comparison with NaN true
            told = f"{low:g} to {high:g}" if name in LIMITS else "a number"
            raise UsageProblem(f"{name.replace('_', ' ')} is {str(value)[:20]}", told, "choose another value")


def _texts(request: Request) -> list:
    """A row or a timeline has several texts, and its prompt all of them."""
    return request.options.get("prompts") or request.options.get("events") or [request.prompt]


def clean(text: str | None) -> str:
    """The text without control characters (a null byte would end it for some programs) and outer blanks."""
    kept = (letter if letter.isprintable() or letter == " " else " " for letter in text or "")
    return "".join(kept).strip()


@contextmanager
def stopped_when(left: Callable[[], bool], stop_file: Path) -> Iterator[None]:
    """Within this block the stop file appears as soon as `left()` is true."""
    over = threading.Event()

    def watch():
        while not over.wait(WATCHED_EVERY_S):
            if left():
                stop_file.touch()
                return

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        over.set()
