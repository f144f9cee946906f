"""A sentence as a scene: "an American Robin singing in a loud forest followed by an American Goldfinch".

"followed by" and "then" part the turns, "while", "and" and "with" what sounds together; "in a …" or "… in the
background" names the background.  Loud, quiet, distant, close, high-pitched and low-pitched say how.
"""

from __future__ import annotations

import re

import numpy as np

from dataset_builder.soundscapes.scenes.bank import Bank, Sound, name_of
from dataset_builder.soundscapes.scenes.scene import Layer, Ranges, Scene, one_of
from spectrogram.problems import UsageProblem

THEN = re.compile(r",?\s+(?:and\s+)?(?:followed\s+by|then)\s+", re.IGNORECASE)
WHILE = re.compile(r",?\s+(?:while|and|with|as)\s+", re.IGNORECASE)
BACKGROUND = re.compile(r"\s+(?:in|on|at|by|near)\s+(?:an?\s+|the\s+)?(.+)$", re.IGNORECASE)
BEHIND = re.compile(r"^(.+?)\s+in\s+the\s+background$", re.IGNORECASE)
FAR, NEAR = (
    re.compile(r"\b(distant|far ?away|in the distance)\b", re.I),
    re.compile(r"\b(close|nearby|close up)\b", re.I),
)
LOUD, QUIET = (
    re.compile(r"\b(loud(ly)?|busy|noisy)\b", re.I),
    re.compile(r"\b(quiet(ly)?|soft(ly)?|calm|faint)\b", re.I),
)
HIGH, LOW = re.compile(r"\b(high|high-pitched|shrill)\b", re.I), re.compile(r"\b(low|low-pitched|deep)\b", re.I)
LOUD_STEP_DB, PITCH_STEP = 8.0, 4.0


def scene_of(prompt: str, bank: Bank, ranges: Ranges, seed: int, index: int = 0) -> Scene:
    """The scene that a sentence describes; raises UsageProblem for words that name no sound of the bank."""
    rng = np.random.default_rng([seed, index])
    background, level_db = None, float(np.mean(ranges.background_db))
    turns: list[list[tuple[Sound, str]]] = []
    for turn in THEN.split(prompt.strip().rstrip(".")):
        together = []
        for part in WHILE.split(turn):
            event, place = parted(part, bank)
            if place:
                background = found(place, bank.backgrounds or bank.events, rng)
                level_db += LOUD_STEP_DB * (bool(LOUD.search(place)) - bool(QUIET.search(place)))
            if event:
                together.append((found(event, bank.events, rng), event))
        if together:
            turns.append(together)
    layers = [
        layer
        for number, together in enumerate(turns)
        for sound, words in together
        for layer in [said_layer(rng, sound, words, number, len(turns), ranges)]
    ]
    return Scene(ranges.seconds, ranges.rate_hz, background, level_db, tuple(layers), (seed, index), (prompt,))


def parted(text: str, bank: Bank) -> tuple[str, str]:
    """(event, background) that a part of a prompt names; either may be empty."""
    behind = BEHIND.match(text)
    if behind:
        return "", behind[1]
    text = FAR.sub("distant", text)
    place = BACKGROUND.search(text)
    # "rain falling on a roof" is one sound: what the bank has no background for belongs to the event.
    if place and matches(place[1], bank.backgrounds or bank.events):
        return text[: place.start()], place[1]
    return text, ""


def found(words: str, sounds: dict[str, list[Sound]], rng: np.random.Generator) -> Sound:
    labels = matches(words, sounds)
    if not labels:
        known = sorted({name_of(label) for label in sounds})
        near = [name for name in known if any(word in name.split() for word in plain(words))] or known
        raise UsageProblem(
            f"{words.strip()!r} names no sound of the bank",
            f"expected one of {', '.join(near[:20])}",
            "pass labelled sounds with --events and --backgrounds (fetch xeno-canto and freesound have many)",
        )
    return one_of(rng, sounds[labels[0]])


def matches(words: str, sounds: dict[str, list[Sound]]) -> list[str]:
    """Labels whose words all occur, else labels whose phrases share most words; the best first."""
    said = plain(words)
    full = [label for label in sounds if set(plain(name_of(label))) <= set(said)]
    if full:
        return sorted(full, key=lambda label: (-len(plain(name_of(label))), label))
    shared = {label: len(set(said) & set(plain(f"{name_of(label)} {own[0].phrase}"))) for label, own in sounds.items()}
    return sorted((label for label, count in shared.items() if count), key=lambda label: (-shared[label], label))


def plain(text: str) -> list[str]:
    """Words in lower case without articles, plural s and what only says how."""
    words = re.findall(r"[a-z]+", text.lower())
    skipped = {"a", "an", "the", "of", "in", "on", "sound", "loud", "quiet", "distant", "close", "high", "low", "deep"}
    return [word[:-1] if len(word) > 3 and word.endswith("s") else word for word in words if word not in skipped]


def said_layer(rng: np.random.Generator, sound: Sound, words: str, turn: int, turns: int, ranges: Ranges) -> Layer:
    """The event of a turn: it fills most of its turn, and is as near, loud and high as the words say."""
    turn_s = ranges.seconds / turns
    snr_db = float(np.mean(ranges.snr_db)) + LOUD_STEP_DB * (bool(LOUD.search(words)) - bool(QUIET.search(words)))
    return Layer(
        sound=sound,
        onset_s=round(turn * turn_s + float(rng.uniform(0.02, 0.1)) * turn_s, 3),
        seconds=round(0.85 * turn_s, 3),
        snr_db=snr_db,
        pitch_semitones=PITCH_STEP * (bool(HIGH.search(words)) - bool(LOW.search(words))),
        distance="far" if FAR.search(words) else "near" if NEAR.search(words) else "",
    )
