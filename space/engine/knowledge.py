"""What the embedded base was taught, and what a prompt asks of it that it cannot know."""

import re
from dataclasses import dataclass
from functools import cached_property

from dataset_builder.soundscapes.synthesis.captions import OPENINGS, PLACES, THEN, WHILE, WORDS
from dataset_builder.soundscapes.synthesis.catalogue import CATALOGUE, CLASSES
from spectrogram.ears.ear import Ear
from spectrogram.problems import Problem

NEGATIONS = {"no", "not", "without", "never", "none", "nothing", "neither", "nor", "dont", "don't", "except"}
# Words that join or place, and mean no sound of their own.
JOINING = {
    *("a", "an", "the", "and", "or", "with", "while", "then", "first", "followed", "by", "in", "on", "at", "of", "to"),
    *("from", "for", "into", "near", "some", "my", "your", "its", "his", "her", "their", "is", "are", "was", "that"),
    *("this", "there", "here", "it", "one", "two", "three", "four", "five", "very", "sound", "noise", "recording"),
    *("audio", "hear", "heard"),
}
ENDINGS = ("ing", "ed", "es", "s", "'s", "er", "ly")
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
MOST_NAMED = 4


@dataclass(frozen=True)
class Knowledge:
    """`sounds`: {label: the wordings it was taught with}, empty for a base of which that is not known."""

    sounds: dict[str, tuple[str, ...]]

    @classmethod
    def of_base(cls, base) -> "Knowledge":
        """Of the embedded base (None), or of another one, about which nothing is known."""
        if base is not None:
            return cls({})
        return cls({label: CATALOGUE[label].phrases for label in CLASSES})

    @property
    def prompts(self) -> list[str]:
        """One prompt a sound, in the order in which people read them."""
        return sorted((phrases[0] for phrases in self.sounds.values()), key=lambda text: text.removeprefix("a "))

    @cached_property
    def words(self) -> frozenset[str]:
        """The stems of all words that it was taught."""
        texts = [phrase for phrases in self.sounds.values() for phrase in phrases]
        texts += [text for forms in WORDS.values() for form in forms for text in form]
        texts += [text for places in PLACES.values() for text in places] + [*OPENINGS, *WHILE, *THEN]
        return frozenset(stem(word) for text in texts for word in split(text)) | {stem(word) for word in JOINING}

    def unknown(self, prompt: str) -> list[str]:
        """Words of a prompt that it was never taught, in their order."""
        words = [word for word in split(prompt) if word not in NEGATIONS]
        return list(dict.fromkeys(word for word in words if stem(word) not in self.words))

    @staticmethod
    def sounding(word: str) -> bool:
        """Whether a word says more than that other words belong together."""
        return word not in NEGATIONS and stem(word) not in {stem(joining) for joining in JOINING}

    def notes(self, prompt: str) -> list[str]:
        """What a person should know about their prompt; nothing where all of it was taught."""
        if not self.sounds:
            return []
        notes, unknown = [], self.unknown(prompt)
        if unknown:
            named = ", ".join(f"“{word}”" for word in unknown[:MOST_NAMED]) + (
                " …" if len(unknown) > MOST_NAMED else ""
            )
            english = "" if all(word.isascii() for word in unknown) else " It reads English only."
            nearest = self.nearest(prompt)
            near = f" The nearest sound that it knows is “{nearest}”." if nearest else ""
            notes.append(f"The model never learned {named}.{english}{near}")
        if not unknown and not any(self.sounding(word) for word in split(prompt)):
            notes.append("The text names no sound: it reads words such as “rain” or “a dog barking”.")
        if negations := [word for word in split(prompt) if word in NEGATIONS]:
            notes.append(
                f"The model cannot read “{negations[0]}”: name what should be absent under More, in “Without”."
            )
        return notes

    def nearest(self, prompt: str) -> str:
        """The prompt of the known sound that the base's own ear holds for the nearest; "" where it has no ear."""
        try:
            rows = self._ear.embed_texts([prompt, *self.prompts])
        except Problem:
            return ""
        return self.prompts[int((rows[1:] @ rows[0]).argmax())]

    @cached_property
    def _ear(self) -> Ear:
        return Ear.load(None)


def split(text: str) -> list[str]:
    """Words in small letters; what is in the prompt language's brackets counts like the rest."""
    return WORD.findall(text.lower().replace("’", "'"))


def stem(word: str) -> str:
    """The word without its ending, so that "dogs" and "barked" are known with "dog" and "barking"."""
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            short = word.removesuffix(ending)
            return short[:-1] if len(short) > 3 and short[-1] == short[-2] else short.removesuffix("e")
    return word.removesuffix("e")
