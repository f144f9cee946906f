"""A sentence as a scene: "an American Robin singing in a loud forest followed by an American Goldfinch".

"followed by" and "then" part the turns, "while", "and" and "with" what sounds together; "in a …" or "… in the
background" names the background.  Loud, quiet, distant, close, high-pitched and low-pitched say how,
numbers how many, singing and calling which recordings.  A background that the bank lacks is refused, other words that
change nothing are logged.
"""

from __future__ import annotations

import logging
import re
from dataclasses import replace

import numpy as np

from dataset_builder.soundscapes.scenes.bank import Bank, Sound, name_of
from dataset_builder.soundscapes.scenes.places import azimuth_in
from dataset_builder.soundscapes.scenes.scene import Layer, Ranges, Scene, one_of
from spectrogram.problems import UsageProblem

THEN = re.compile(r",?\s+(?:and\s+)?(?:followed\s+by|then)\s+", re.IGNORECASE)
WHILE = re.compile(r",?\s+(?:while|and|with|as)\s+", re.IGNORECASE)
COMMA = re.compile(r",\s+")
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
NUMBERS = {word: number for number, word in enumerate(["two", "three", "four", "five", "six", "seven", "eight"], 2)}
COUNT = re.compile(rf"\b({'|'.join(NUMBERS)}|[2-8]|several|some|a few)\b", re.IGNORECASE)
SEVERAL = 3
KINDS = {
    "song": re.compile(r"\b(sing(s|ing)?|song|in song)\b", re.IGNORECASE),
    "call": re.compile(r"\b(call(s|ing)?|alarm)\b", re.IGNORECASE),
}
HOW = (FAR, NEAR, LOUD, QUIET, HIGH, LOW, COUNT, *KINDS.values())
# Words that say that something sounds, and nothing about how.
SAYING = frozenset(
    re.findall(
        r"\w+",
        "the an and with while then followed by in on at near of is are there be being heard hear hearing sound sounds "
        "sounding pitched background to from its their his her some one who which that over under front behind",
    )
)
log = logging.getLogger(__name__)


def scene_of(prompt: str, bank: Bank, ranges: Ranges, seed: int, index: int = 0) -> Scene:
    """The scene that a sentence describes; raises UsageProblem for words that name no sound of the bank."""
    rng = np.random.default_rng([seed, index])
    background, level_db, louder_db = None, float(np.mean(ranges.background_db)), 0.0
    turns: list[list[tuple[Sound, str, float | None]]] = []
    for turn in THEN.split(prompt.strip().rstrip(".")):
        together = []
        for part in parts_of(turn, ranges.layout):
            part, azimuth_deg = azimuth_in(part) if ranges.layout != "mono" else (part, None)
            event, place = parted(part, bank)
            if place:
                background = found(place, bank.backgrounds or bank.events, rng)
                louder_db = LOUD_STEP_DB * (bool(LOUD.search(place)) - bool(QUIET.search(place)))
                say_unused(place, background)
            for _ in range(count_of(event) if event else 0):
                together.append((found(event, bank.events, rng), event, azimuth_deg))
            if event:
                say_unused(event, together[-1][0])
        if together:
            turns.append(together)
    layers = [
        layer
        for number, together in enumerate(turns)
        for place, (sound, words, azimuth_deg) in enumerate(together)
        for layer in [said_layer(rng, sound, words, (number, len(turns)), (place, len(together)), ranges, louder_db)]
    ]
    if ranges.layout != "mono":
        sides = [azimuth_deg or 0.0 for together in turns for *_, azimuth_deg in together]
        layers = [replace(one, azimuth_deg=azimuth_deg) for one, azimuth_deg in zip(layers, sides, strict=True)]
    level_db += louder_db
    about = (tuple(layers), (seed, index), (prompt,), ranges.layout)
    return Scene(ranges.seconds, ranges.rate_hz, background, level_db, *about)


def parts_of(turn: str, layout: str) -> list[str]:
    """What sounds together; where sounds have sides, a comma parts them too: "a robin on the left, a stream behind"."""
    return [part for one in WHILE.split(turn) for part in (COMMA.split(one) if layout != "mono" else [one]) if part]


def count_of(words: str) -> int:
    """How many a phrase speaks of: 3 for "three juncos" and for "several"; 1 where it gives no number."""
    said = COUNT.search(words)
    if not said:
        return 1
    word = said[0].lower()
    return NUMBERS.get(word) or (int(word) if word.isdigit() else SEVERAL)


def say_unused(words: str, sound: Sound) -> None:
    """Log the words of a phrase that neither name the sound nor say anything that a scene can do."""
    rest = words
    for pattern in HOW:
        rest = pattern.sub(" ", rest)
    known = {*plain(f"{sound.name} {sound.phrase} {sound.label}"), *SAYING}
    unused = [word for word in plain(rest) if word not in known and not any(same_stem(word, one) for one in known)]
    if unused:
        log.warning("%s in %r changes nothing: no such property is known", ", ".join(unused), words.strip())


def same_stem(word: str, other: str) -> bool:
    """barks, barking and bark are one word here."""
    shortest = min(len(word), len(other))
    return shortest >= 4 and word[: max(4, shortest - 2)] == other[: max(4, shortest - 2)]


def parted(text: str, bank: Bank) -> tuple[str, str]:
    """(event, background) that a part of a prompt names; either may be empty."""
    behind = BEHIND.match(text)
    if behind:
        return "", behind[1]
    text = FAR.sub("distant", text)
    place = BACKGROUND.search(text)
    if place and matches(place[1], bank.backgrounds or bank.events):
        return text[: place.start()], place[1]
    # "rain falling on a roof" is one sound when a sound of the bank is called so; a place that nobody has is refused.
    if place and not any(set(plain(place[1])) <= names_of(label, own) for label, own in bank.events.items()):
        known = sorted(name_of(label) for label in bank.backgrounds or bank.events)
        raise UsageProblem(
            f"{place[1].strip()!r} names no background of the bank",
            f"expected one of {', '.join(known[:20])}",
            "leave it out, or pass recordings of it with --backgrounds",
        )
    return text, ""


def names_of(label: str, sounds: list[Sound]) -> set[str]:
    return set(plain(f"{name_of(label)} {sounds[0].phrase}"))


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
    return one_of(rng, of_kind(words, sounds[labels[0]]))


def of_kind(words: str, sounds: list[Sound]) -> list[Sound]:
    """The recordings of the song or call that is asked for, else those that nobody typed; refuses the other kind."""
    wanted = next((kind for kind, pattern in KINDS.items() if pattern.search(words)), "")
    if not wanted:
        return sounds
    chosen = [one for one in sounds if one.kind == wanted] or [one for one in sounds if not one.kind]
    if not chosen:
        raise UsageProblem(
            f"no recording of {sounds[0].name} is typed as {wanted}", f"one of its {wanted}", "leave the word out"
        )
    return chosen


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


def said_layer(
    rng: np.random.Generator,
    sound: Sound,
    words: str,
    turn: tuple[int, int],
    place: tuple[int, int],
    ranges: Ranges,
    louder_db: float = 0.0,
) -> Layer:
    """An event of a turn: it fills most of its turn, and is as near, loud and high as the words say.

    ``turn`` and ``place`` are (which, of how many): several of one kind in a turn begin one after the other.  A
    background that is ``louder_db`` louder leaves the event where it was.
    """
    turn_s = ranges.seconds / turn[1]
    later_s = 0.3 * turn_s * place[0] / place[1] if count_of(words) > 1 else 0.0
    snr_db = float(np.mean(ranges.snr_db)) + LOUD_STEP_DB * (bool(LOUD.search(words)) - bool(QUIET.search(words)))
    snr_db -= louder_db
    return Layer(
        sound=sound,
        onset_s=round(turn[0] * turn_s + float(rng.uniform(0.02, 0.1)) * turn_s + later_s, 3),
        seconds=round(0.85 * turn_s - later_s, 3),
        snr_db=snr_db,
        pitch_semitones=PITCH_STEP * (bool(HIGH.search(words)) - bool(LOW.search(words))),
        distance="far" if FAR.search(words) else "near" if NEAR.search(words) else "",
    )
