"""What of a composed sound is in a clip cut out of it: its events with times from the clip's beginning, and true words.

Times in seconds.  An event is in a clip when a fifth of a second of it is, or all of it.
"""

from __future__ import annotations

import json
from dataclasses import replace

from dataset_builder.intake.entries import Entry

LEAST_S = 0.2


def heard_in(entry: Entry, start_s: float, seconds: float, slower: float = 1.0) -> tuple[Entry | None, list[dict]]:
    """The entry as it is true of a clip, and the clip's events (label, onset_s, offset_s, perhaps low_hz, high_hz).

    ``start_s`` counts in the file, ``seconds`` in the clip, which plays it so many times ``slower``.

    Where events lie outside, caption and label are made anew of what is left; None when nothing is left that an event
    or background could name.  Entries without events are true as they are.
    """
    if not entry.events:
        return entry, []
    every = sorted(json.loads(entry.events), key=lambda one: one["onset_s"])
    inside = [one for one in every if overlaps(one, start_s, start_s + seconds / slower)]
    found = [inner(one, start_s, seconds, slower) for one in inside if one.get("role") != "background"]
    if len(inside) == len(every):
        return entry, found
    if not inside:
        return None, []
    sounds = [one for one in inside if one.get("role") != "background"] or inside
    return replace(entry, captions=(worded(inside),), label=sounds[0]["label"]), found


def overlaps(event: dict, start_s: float, end_s: float) -> bool:
    shared = min(event["offset_s"], end_s) - max(event["onset_s"], start_s)
    # A clip ends at a sample, and an event that is cut out may end a little later.
    return shared > 0 and shared >= min(LEAST_S, 0.99 * (event["offset_s"] - event["onset_s"]))


def inner(event: dict, start_s: float, seconds: float, slower: float) -> dict:
    onset_s, offset_s = (slower * (event[name] - start_s) for name in ("onset_s", "offset_s"))
    times = {"onset_s": round(max(0.0, onset_s), 4), "offset_s": round(min(seconds, offset_s), 4)}
    box = {name: event[name] / slower for name in ("low_hz", "high_hz") if event.get(name) is not None}
    return {"label": event["label"]} | times | box


def worded(events: list[dict]) -> str:
    """``a robin in a forest followed by a junco``: phrases of the events in order, the background after the first."""
    behind = " ".join(phrase(one) for one in events if one.get("role") == "background")
    text, before = "", None
    for one in (one for one in events if one.get("role") != "background"):
        if before is None:
            text = " ".join(part for part in (phrase(one), behind) if part)
        else:
            text += (" followed by " if one["onset_s"] >= before["offset_s"] - LEAST_S else " while ") + phrase(one)
        before = one
    return text or behind


def phrase(event: dict) -> str:
    return event.get("phrase") or event["label"].split(":")[-1].replace("_", " ")
