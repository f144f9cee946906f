"""Captions for sounds that have none: from the names of files and folders, or from a species and what it does."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

# What recorders, editors and collections put into file names and what is no word about the sound.
NOISE = re.compile(
    r"[a-z]*\d+[a-z\d]*|rec(ording)?s?|audio|sounds?|clips?|track|take|untitled|new|copy|final|edit(ed)?|mono|stereo|"
    r"zoom|mp3|wav|flac|ogg|aiff?|[0-9a-f]{8,}|khz|bit|db|hq|lq|sample|file|test",
    re.IGNORECASE,
)
KINDS = (("song", "song"), ("call", "call"), ("drum", "drumming"))


def words(name: str) -> str:
    """``crackling_fire`` as a caption: ``crackling fire``."""
    return " ".join(name.replace("_", " ").replace("-", " ").split())


def words_of_name(name: str) -> str:
    """The words of a name that say something: ``tawny owl`` for ``XC1234_TawnyOwl-03``; empty when there are none."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    told = [word for word in re.split(r"[\W_]+", parted) if word and not NOISE.fullmatch(word)]
    while told and told[0].lower() in ("of", "and", "in", "with"):
        del told[0]
    return " ".join(told).lower() if any(len(word) > 2 for word in told) else ""


def named_after(sound: Path, folder: Path) -> str:
    """The caption of a sound without one: its own name, else its folder's, else the plain word."""
    parents = [parent.name for parent in sound.parents if parent == folder or folder in parent.parents]
    return next((text for name in (sound.stem, *parents) if (text := words_of_name(name))), "a sound")


def species_captions(species: str, kind: str = "", country: str = "", group: str = "") -> tuple[str, ...]:
    """``the song of a Common Blackbird, a bird`` and the same with the country."""
    article = "an" if species[:1].lower() in "aeiou" and not species.lower().startswith("eu") else "a"
    sound = next((word for part, word in KINDS if part in kind.lower()), "sound")
    first = f"the {sound} of {article} {species}" + (f", a {group}" if group else "")
    return (first, f"{first}, recorded in {country}") if country else (first,)


def safe(name: str) -> str:
    """A file name of harmless characters that still differs where the names differ."""
    if re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}", name):
        return name
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:60] + "-" + hashlib.sha256(name.encode()).hexdigest()[:8]
