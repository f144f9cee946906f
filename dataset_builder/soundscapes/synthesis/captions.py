"""Captions for synthesised sounds: a small grammar of phrases, attributes and ways to join two sounds.

An attribute is spoken either before the phrase's noun ("a slow siren") or after the phrase ("a siren, slow").
"""

import re

WORDS = {
    ("pitch", "high"): (("high-pitched", "high", "shrill"), ("high in pitch", "high-pitched", "at a high pitch")),
    ("pitch", "low"): (("low-pitched", "low", "deep"), ("low in pitch", "low-pitched", "at a low pitch")),
    ("pace", "fast"): (("fast", "rapid", "quick"), ("fast", "quickly", "rapidly")),
    ("pace", "slow"): (("slow", "unhurried"), ("slowly", "slow", "at a slow pace")),
    ("distance", "far"): (("distant", "faraway"), ("in the distance", "far away")),
    ("distance", "near"): (("close", "nearby"), ("close up", "nearby")),
    ("loudness", "loud"): (("loud", "noisy"), ("loudly", "loud", "at full volume")),
    ("loudness", "soft"): (("soft", "quiet", "faint"), ("softly", "quietly", "at a low volume")),
    ("count", "once"): (("single",), ("once", "just once", "a single time")),
    ("count", "many"): (("repeated",), ("many times", "again and again", "over and over")),
}
# Where one is when a texture sounds in the background.
PLACES = {
    "birdsong": ("in a forest", "in the woods", "with birds around"),
    "rain": ("in the rain", "on a rainy day"),
    "wind": ("in the wind", "on a windy hill"),
    "sea_waves": ("by the sea", "on the beach"),
    "stream": ("by a stream", "beside a brook"),
    "crickets": ("at night", "on a summer night"),
    "train": ("at a railway", "near a train"),
    "crackling_fire": ("by the fire", "at a camp fire"),
}
OPENINGS = ("", "", "", "the sound of ", "a recording of ")
WHILE = ("{a} while {b}", "{a} with {b} in the background", "{a} and {b}")
THEN = ("{a} followed by {b}", "{a}, then {b}", "first {a}, then {b}")
_ARTICLES = ("a ", "an ", "the ", "someone ", "one ")


def with_article(text):
    """``text`` with a/an corrected for the word that follows."""
    text = re.sub(r"\ba (?=[aeiou])", "an ", text)
    return re.sub(r"\ban (?=[^aeiou])", "a ", text)


def describe(rng, phrase, attributes):
    """One caption of a single sound from its phrase and its ``{(attribute, value)}`` pairs."""
    before, after = [], []
    for key in attributes:
        prefix, suffix = WORDS[key]
        if rng.random() < 0.5 and not phrase.startswith(("someone", "the ")):
            before.append(prefix[rng.integers(len(prefix))])
        else:
            after.append(suffix[rng.integers(len(suffix))])
    if before:
        article = next((a for a in _ARTICLES if phrase.startswith(a)), "")
        phrase = with_article(article + " ".join(before) + " " + phrase[len(article) :])
    return " ".join([phrase, *([", ".join(after)] if after else [])])


def join(rng, first, second, relation):
    """A caption of two sounds; relation is "while" or "then"."""
    forms = WHILE if relation == "while" else THEN
    return forms[rng.integers(len(forms))].format(a=first, b=second)


def locate(rng, text, label):
    """``text`` at the place where ``label`` sounds in the background, e.g. "a dog barking in the rain"."""
    return f"{text} {PLACES[label][rng.integers(len(PLACES[label]))]}"


def swap(caption):
    """The caption of the same two sounds in the other order, e.g. "first b, then a"; None where it names no order."""
    for form in sorted(THEN, key=len, reverse=True):
        pattern = re.escape(form).replace(r"\{a\}", "(?P<a>.+)").replace(r"\{b\}", "(?P<b>.+)")
        opening = "|".join(sorted({re.escape(o) for o in OPENINGS}, key=len, reverse=True))
        found = re.fullmatch(f"(?P<opening>{opening}){pattern}", caption)
        if found:
            return found["opening"] + form.format(a=found["b"], b=found["a"])
    return None


def open_caption(rng, text):
    return OPENINGS[rng.integers(len(OPENINGS))] + text
