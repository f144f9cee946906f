"""Bird song of xeno-canto.org through its API (version 3), with species, country, sound type, licence and recordist.

The key comes from the environment: XENO_CANTO_KEY (shown on a member's account page).  Queries are the site's own:
``sp:"turdus merula" q:A``, ``cnt:brazil grp:birds len:5-30``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice

from dataset_builder.intake.names import species_captions
from dataset_builder.sources.licences import licence_name
from dataset_builder.sources.sound_folder import Item
from dataset_builder.sources.web import Web
from spectrogram import json_text
from spectrogram.problems import EnvironmentProblem

ADDRESS = "https://xeno-canto.org/api/3/recordings"
KEY = "XENO_CANTO_KEY"


def search(query: str, web: Web, limit: int = 100, address: str = ADDRESS) -> Iterator[Item]:
    """Yield up to ``limit`` items; raises EnvironmentProblem without a key, Failure when refused."""
    key = os.environ.get(KEY)
    if not key:
        raise EnvironmentProblem(f"{KEY} is not set", "expected the API key in the environment", f"export {KEY}=…")
    yield from islice(pages(query, key, web, address), limit)


def pages(query: str, key: str, web: Web, address: str) -> Iterator[Item]:
    page, last = 1, 1
    while page <= last:
        answer = web.json(address, query=query, key=key, page=page)
        last = int(answer["numPages"])
        for recording in answer["recordings"]:
            # Recordings of endangered species come without a file.
            if recording.get("file"):
                yield item_of(recording, web)
        page += 1


def item_of(recording: dict, web: Web) -> Item:
    number, species = recording["id"], recording.get("en") or f"{recording['gen']} {recording['sp']}"
    address = recording["file"]
    # The site says "birds", "grasshoppers", "bats", "frogs", "land mammals"; older answers hold birds alone.
    group = (recording.get("grp") or "birds").removesuffix("s").split()[-1]
    return Item(
        id=f"XC{number}",
        suffix=".mp3",
        captions=species_captions(species, recording.get("type", ""), recording.get("cnt", ""), group),
        fetch=lambda: web.bytes("https:" + address if address.startswith("//") else address),
        label=f"{group}:{species.lower().replace(' ', '_')}",
        licence=licence_name(recording.get("lic", "")),
        source=f"https://xeno-canto.org/{number}",
        attribution=f"{recording.get('rec', 'unknown')}, XC{number}, xeno-canto.org",
        recording=f"xc:{number}",
        seconds=seconds_of(recording.get("length", "")),
        about=about_of(recording),
    )


def about_of(recording: dict) -> str:
    """Scientific name, place, rating (A best to E) and kind of sound, as JSON."""
    species = " ".join(recording.get(part) or "" for part in ("gen", "sp", "ssp")).strip()
    place = ", ".join(recording[part] for part in ("loc", "cnt") if recording.get(part))
    said = {"scientific_name": species, "place": place, "rating": recording.get("q"), "kind": recording.get("type")}
    return json_text.dumps({name: text for name, text in said.items() if text}, ensure_ascii=False)


def seconds_of(length: str) -> float | None:
    """``1:05`` or ``1:02:03`` in seconds, None for anything else."""
    parts = length.split(":")
    if not all(part.isdigit() for part in parts):
        return None
    return float(sum(60**place * int(part) for place, part in enumerate(reversed(parts))))
