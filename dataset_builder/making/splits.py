"""Which recording goes to train, validation and test: shares hold in every label, and no choice is ever taken back.

All clips of a recording stay together.  A composed scene names all recordings that it contains, parted by "|"; what
shares one of them, over any number of scenes, stays together too.

Recordings are dealt in the order of a hash of their name, each to the split
that lacks most, in its label and overall.  A recording that a former build of the same folder dealt keeps its split,
so that adding rows never moves a clip from test to train.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from dataset_builder.intake.entries import checked_split
from spectrogram.files import tables
from spectrogram.files.dataset_folder import SPLITS
from spectrogram.problems import Problem, UsageProblem

NAMES = SPLITS
MARK = "|"


def parse_shares(text: str) -> dict[str, float]:
    """``80/10/10`` as shares of train, validation and test that sum to 1."""
    parts = text.split("/")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) != len(NAMES) or min(numbers) < 0 or sum(numbers) <= 0:
        raise UsageProblem(f"--split {text} is no split", "expected three shares such as 80/10/10", "give all three")
    return {name: number / sum(numbers) for name, number in zip(NAMES, numbers, strict=True)}


def assign(
    labels: Mapping[str, str], shares: Mapping[str, float], seed: int = 0, kept: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The split of every recording, given the label of each; ``kept`` (recording -> split) is never changed.

    The result depends on the set of recordings, not on their order.  In every label and overall, each split holds its
    share of the recordings to within about one; a split whose share of a label rounds to one or more has one of it.
    """
    dealt = {name: split for name, split in (kept or {}).items() if name in labels}
    by_label: dict[str, Counter] = defaultdict(Counter)
    overall: Counter = Counter(dealt.values())
    for name, split in dealt.items():
        by_label[labels[name]][split] += 1
    together, left = groups(labels), Counter(labels[name] for name in labels if name not in dealt)
    sizes = Counter(labels.values())
    of_group = {together[name]: split for name, split in sorted(dealt.items())}
    for name in sorted(set(labels) - set(dealt), key=lambda name: draw(seed, name)):
        label, group = labels[name], together[name]
        here = by_label[label]
        if group not in of_group:
            empty = [one for one in shares if not here[one] and round(shares[one] * sizes[label]) > 0]
            forced = sizes[label] >= len(NAMES) and 0 < left[label] <= len(empty)
            open_to = empty if forced else shares
            of_group[group] = max(open_to, key=lambda one: lack(here, one, shares) + lack(overall, one, shares))
        split = dealt[name] = of_group[group]
        here[split] += 1
        overall[split] += 1
        left[label] -= 1
    return dealt


def groups(names: Iterable[str]) -> dict[str, str]:
    """For every name one part that all names share with it, directly or not: "a|b" and "b|c" are one group."""
    parent: dict[str, str] = {}

    def root(part: str) -> str:
        while parent.setdefault(part, part) != part:
            part = parent[part]
        return part

    for name in names:
        first, *others = name.split(MARK)
        root(first)
        for other in others:
            low, high = sorted((root(first), root(other)))
            parent[high] = low
    return {name: root(name.split(MARK)[0]) for name in names}


def lack(counts: Counter, split: str, shares: Mapping[str, float]) -> float:
    """How many recordings a split is short of, once the next one is dealt; a share of 0 never gets one."""
    return shares[split] * (counts.total() + 1) - counts[split] if shares[split] else float("-inf")


def draw(seed: int, name: str) -> str:
    return hashlib.sha256(f"split|{seed}|{name}".encode()).hexdigest()


def read_splits(path: Path) -> dict[str, str]:
    """The splits that a build wrote, recording -> split."""
    table = tables.read(path)
    if table.columns != ("recording", "split"):
        raise Problem(f"{path} is damaged", "expected the columns recording,split", "remove it to deal the splits anew")
    return {row["recording"]: checked_split(row["split"]) for _, row in table}


def splits_csv(dealt: Mapping[str, str]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("recording", "split"))
    writer.writerows(sorted(dealt.items()))
    return text.getvalue().encode()
