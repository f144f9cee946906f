"""Clips that are in the data twice: the same bytes are kept once, the same sound never stands in two splits."""

from __future__ import annotations

import json

import numpy as np

from dataset_builder.making.fingerprints import twins
from dataset_builder.making.shard import Outcome

# Of two clips that sound the same, the one in the split named first goes: what is tested on stays as it is.
GOES_FIRST = ("train", "validation", "test")


def set_apart(outcomes: list[Outcome], dealt: dict[str, str]) -> None:
    """Move repeated clips, and variations made of them, from the facts of every config's outcome to its drops.

    ``dealt`` is the split of every recording.  Repeats inside a split stay unless their bytes are equal.  What sounds
    the same in one config is left out of all, so that they hold the same clips.
    """
    copies = [same_bytes(outcome.facts) for outcome in outcomes]
    near: dict[str, tuple[str, str]] = {}
    for outcome, gone in zip(outcomes, copies, strict=True):
        near |= same_sound([row for row in outcome.facts if row["clip_id"] not in gone], dealt)
    for outcome, gone in zip(outcomes, copies, strict=True):
        leave_out(outcome, near | gone)


def leave_out(outcome: Outcome, gone: dict[str, tuple[str, str]]) -> None:
    """Turn the rows of the ids in ``gone`` (id -> reason, detail), and variations of them, into drops."""
    kept = []
    for row in outcome.facts:
        recipe = json.loads(row["augmentation"] or "{}")
        used = {recipe.get("of"), recipe.get("with")} & gone.keys()
        because = ("variation", f"made of {', '.join(sorted(used))}") if used else None
        fault = gone.get(row["clip_id"]) or because
        if fault:
            drop = {"clip_id": row["clip_id"], "reason": fault[0], "detail": fault[1]}
            outcome.drops.append(drop | {"place": row["source"], "path": ""})
        else:
            kept.append(row)
    outcome.facts = kept


def same_bytes(facts: list[dict]) -> dict[str, tuple[str, str]]:
    """(reason, detail) for each original clip whose file and start another one has too; the first stays."""
    first: dict[tuple, str] = {}
    gone = {}
    for row in facts:
        key = (row["sha256"], row["start_s"], row["clip_id"] if row["augmentation"] else "")
        twin = first.setdefault(key, row["clip_id"])
        if twin != row["clip_id"]:
            gone[row["clip_id"]] = ("duplicate", f"the same bytes as {twin}")
    return gone


def same_sound(facts: list[dict], dealt: dict[str, str]) -> dict[str, tuple[str, str]]:
    """(reason, detail) for each original clip that sounds like one of another split."""
    originals = [row for row in facts if not row["augmentation"]]
    prints = [np.frombuffer(row["fingerprint"], np.uint32) for row in originals]
    gone = {}
    for twin in twins(prints):
        pair = [originals[twin.first], originals[twin.second]]
        splits = [dealt[row["recording"]] for row in pair]
        if splits[0] != splits[1] and not any(row["clip_id"] in gone for row in pair):
            goes = min((0, 1), key=lambda which: order(splits[which]))
            detail = f"sounds like {pair[1 - goes]['clip_id']} in {splits[1 - goes]} ({twin.error:.0%} of bits differ)"
            gone[pair[goes]["clip_id"]] = ("near-duplicate", detail)
    return gone


def order(split: str) -> int:
    return GOES_FIRST.index(split) if split in GOES_FIRST else 0
