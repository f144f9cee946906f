"""Sounds of freesound.org by a text query, through its API (version 2), as OGG previews with licence and author.

The key is free and comes from the environment: FREESOUND_KEY (freesound.org/apiv2/apply).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import islice

from dataset_builder.sources.licences import licence_name
from dataset_builder.sources.sound_folder import Item
from dataset_builder.sources.web import Web
from spectrogram.problems import EnvironmentProblem

ADDRESS = "https://freesound.org/apiv2/search/text/"
FIELDS = "id,name,tags,license,username,previews,duration,url"
KEY = "FREESOUND_KEY"
# The API's own names of its licences.
LICENCES = {"cc0": '"Creative Commons 0"', "by": '"Attribution"', "by-nc": '"Attribution NonCommercial"'}


def search(
    query: str, web: Web, limit: int = 100, licences: tuple[str, ...] = ("cc0", "by"), address: str = ADDRESS
) -> Iterator[Item]:
    """Yield up to ``limit`` items of 1 to 30 s; raises EnvironmentProblem without a key, Failure when refused."""
    key = os.environ.get(KEY)
    if not key:
        raise EnvironmentProblem(f"{KEY} is not set", "expected the API key in the environment", f"export {KEY}=…")
    wanted = " OR ".join(LICENCES[name] for name in licences)
    rule = f"duration:[1 TO 30] license:({wanted})"
    yield from islice(pages(query, rule, key, web, address), limit)


def pages(query: str, rule: str, key: str, web: Web, address: str) -> Iterator[Item]:
    page = 1
    while True:
        answer = web.json(address, query=query, filter=rule, fields=FIELDS, page=page, page_size=150, token=key)
        for sound in answer["results"]:
            yield item_of(sound, query, web)
        if not answer.get("next"):
            return
        page += 1


def item_of(sound: dict, query: str, web: Web) -> Item:
    preview = sound["previews"]["preview-hq-ogg"]
    return Item(
        id=f"fs-{sound['id']}",
        suffix=".ogg",
        captions=(caption_of(sound),),
        fetch=lambda: web.bytes(preview),
        label=query,
        licence=licence_name(sound["license"]),
        source=sound.get("url") or f"https://freesound.org/s/{sound['id']}/",
        attribution=f"{sound['name']} by {sound['username']} (freesound.org)",
        recording=f"fs:{sound['id']}",
        seconds=float(sound.get("duration") or 0) or None,
    )


def caption_of(sound: dict) -> str:
    """The sound's name as words, or its tags where the name says nothing: nobody has listened to it."""
    name = re.sub(r"\.(wav|mp3|ogg|flac|aiff?|m4a)$", "", sound["name"], flags=re.IGNORECASE)
    words = " ".join(re.sub(r"[_\W\d]+", " ", name).split()).lower()
    return words if len(words) > 3 else ", ".join(sound["tags"][:6])
