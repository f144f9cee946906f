"""AUTOMATIC1111's prompt language, read: attention weights and schedules.

    (a robin:1.3)  [wind]  ((rain))  [forest:street:0.5]  [:thunder:10]  [sea|wind]  \\(taken literally\\)

Round brackets weigh 1.1, square ones 1/1.1, a number after a colon as it says. `[from:to:when]` changes at a share of
the steps (below 1) or at a step; `[to:when]` adds, `[from::when]` removes; `[a|b]` takes turns. Brackets without a
partner are plain text.
"""

import re
from dataclasses import dataclass

from spectrogram.problems import UsageProblem

STRONGER = 1.1
DEEPEST = 40
PARTNERS = {")": "(", "]": "["}
TAG = re.compile(r"\s*<(?:lora|lyco|hypernet):[^<>]*>", re.IGNORECASE)

Fragments = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Stage:
    """What a prompt says from step `first` on: texts with their weights."""

    first: int
    fragments: Fragments


def take_out_tags(prompt: str) -> tuple[str, list[str]]:
    """(prompt without AUTOMATIC1111's `<lora:name:0.8>`, the tags): they load a file there and are no words.

    >>> take_out_tags("rain <lora:owl:0.8> on leaves")
    ('rain on leaves', ['<lora:owl:0.8>'])
    """
    tags = [tag.strip() for tag in TAG.findall(prompt)]
    return (TAG.sub("", prompt).strip() if tags else prompt), tags


def is_plain(prompt: str) -> bool:
    """Whether the prompt uses nothing of the language, so that any text encoder may read it as it is."""
    return not any(sign in prompt for sign in "()[]\\")


def stages(prompt: str, steps: int) -> list[Stage]:
    """The prompt's stages over that many denoising steps: one, unless it holds a schedule that changes something."""
    found: list[Stage] = []
    for step in range(steps):
        fragments = read(prompt, step, steps)
        if not found or found[-1].fragments != fragments:
            found.append(Stage(step, fragments))
    return found


def read(prompt: str, step: int = 0, steps: int = 1) -> Fragments:
    """(text, weight) in order, as they stand at a step; neighbours of equal weight are one. Raises UsageProblem."""
    return Reader(prompt, step, steps).fragments()


class Reader:
    """One reading of a prompt at one step."""

    def __init__(self, prompt: str, step: int, steps: int):
        self.prompt, self.step, self.steps = prompt, step, steps
        self.closers = _pair_brackets(prompt)

    def fragments(self) -> Fragments:
        merged: list[tuple[str, float]] = []
        for text, weight in self._span(0, len(self.prompt)):
            if merged and merged[-1][1] == weight:
                merged[-1] = (merged[-1][0] + text, weight)
            elif text:
                merged.append((text, weight))
        return tuple(merged) or (("", 1.0),)

    def _span(self, start: int, end: int) -> list[tuple[str, float]]:
        """Weighted texts between two places of the prompt."""
        found, at, text = [], start, ""
        while at < end:
            sign = self.prompt[at]
            if sign == "\\" and at + 1 < end and self.prompt[at + 1] in "()[]\\":
                text, at = text + self.prompt[at + 1], at + 2
            elif at in self.closers:
                found, text = [*found, (text, 1.0), *self._group(at)], ""
                at = self.closers[at] + 1
            else:
                text, at = text + sign, at + 1
        return [*found, (text, 1.0)]

    def _group(self, opener: int) -> list[tuple[str, float]]:
        start, end = opener + 1, self.closers[opener]
        if self.prompt[opener] == "[":
            turns = self._split(start, end, "|")
            if len(turns) > 1:
                return self._span(*turns[self.step % len(turns)])
            parts = self._split(start, end, ":")
            when = _number(self.prompt[slice(*parts[-1])]) if 2 <= len(parts) <= 3 else None
            if when is not None:
                before, after = (parts[0], parts[1]) if len(parts) == 3 else ((start, start), parts[0])
                return self._span(*(after if self.step >= self._step_of(when) else before))
            return _weighted(self._span(start, end), 1 / STRONGER)
        *_, last = self._split(start, end, ":")
        weight = _number(self.prompt[slice(*last)]) if last[0] > start else None
        if weight is None:
            return _weighted(self._span(start, end), STRONGER)
        return _weighted(self._span(start, last[0] - 1), weight)

    def _step_of(self, when: float) -> float:
        """A share of the steps, or a step when it is 1 or more."""
        return when * self.steps if when < 1 else when

    def _split(self, start: int, end: int, sign: str) -> list[tuple[int, int]]:
        """Places between the signs that stand outside inner brackets."""
        edges, at = [start], start
        while at < end:
            if self.prompt[at] == "\\":
                at += 1
            elif at in self.closers:
                at = self.closers[at]
            elif self.prompt[at] == sign:
                edges.append(at + 1)
            at += 1
        return [(first, (edges[i + 1] - 1) if i + 1 < len(edges) else end) for i, first in enumerate(edges)]


def _pair_brackets(prompt: str) -> dict[int, int]:
    """Place of each opening bracket that has a partner, and the partner's."""
    waiting, pairs, at = [], {}, 0
    while at < len(prompt):
        sign = prompt[at]
        if sign == "\\":
            at += 1
        elif sign in "([":
            waiting.append(at)
        elif sign in PARTNERS and waiting and prompt[waiting[-1]] == PARTNERS[sign]:
            if len(waiting) > DEEPEST:
                raise UsageProblem("the prompt's brackets are too deep", f"{DEEPEST} at most", "write a weight instead")
            pairs[waiting.pop()] = at
        at += 1
    return pairs


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= 1000 else None


def _weighted(fragments: list[tuple[str, float]], weight: float) -> list[tuple[str, float]]:
    return [(text, weight * own) for text, own in fragments]
