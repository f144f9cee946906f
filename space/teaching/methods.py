"""The ways of teaching that the page offers: a word, one line of meaning, what each asks for, and how long it takes."""

import re
from dataclasses import dataclass

from model_card.taught import METHODS as TEACHING
from model_card.taught import TeachingMethod
from space.store.places import Places
from space.teaching.runs import facts_of
from spectrogram.problems import UsageProblem

QUICK, STANDARD, LONG = "Quick", "Standard", "Long"
# A sample is heard so often on the way, where the way is longer.
SAMPLE_EVERY = 100
# It becomes a flag of a program, a part of a text and the name of a file.
WORD = re.compile(r"<?\w[\w-]{0,39}>?")


@dataclass(frozen=True)
class Offer:
    """A method as the page offers it; what it makes lies in a run of its own, named with the method's suffix.

    `lengths`: flags for each length that can be chosen. `start_s`, `step_s`: seconds on one CPU core with the embedded
    base, until a run of this machine has been measured.
    """

    method: TeachingMethod
    lengths: dict[str, dict]
    lengths_told: str
    start_s: float
    step_s: float

    def run_name(self, name: str) -> str:
        return name + self.method.suffix

    def length(self, chosen: str) -> str:
        """The chosen length, where this method has it."""
        return chosen if chosen in self.lengths else STANDARD


def _steps(name: str, quick: int, standard: int, long: int, start_s: float) -> Offer:
    """A method that takes steps, in three lengths."""
    lengths = {QUICK: {"steps": quick}, STANDARD: {"steps": standard}, LONG: {"steps": long}}
    return Offer(TEACHING[name], lengths, f"{quick}, {standard} or {long} steps", start_s, step_s=0.25)


METHODS = {
    "lora": _steps("lora", 100, 300, 1000, start_s=40),
    "dreambooth": _steps("dreambooth", 100, 300, 1000, start_s=40),
    "textual_inversion": _steps("textual_inversion", 75, 150, 500, start_s=20),
    "aesthetic": Offer(
        TEACHING["aesthetic"],
        {
            QUICK: {"steps": 1, "aesthetic_through": "words"},
            STANDARD: {"steps": 1, "aesthetic_through": "picture", "aesthetic_steps": 60},
        },
        "Quick compares with words, Standard with pictures",
        start_s=20,
        step_s=150,
    ),
}
# The longest suffix must fit into a name of 40 letters.
LONGEST_NAME = 40 - max(len(offer.method.suffix) for offer in METHODS.values())
CHOICES = [(f"{offer.method.label}: {offer.method.meaning}", name) for name, offer in METHODS.items()]


def options_of(method: str, length: str, name: str, trigger: str, kind: str) -> dict[str, object]:
    """Flags of the trainer. Raises UsageProblem when DreamBooth is not told what kind of sound it is."""
    if method not in METHODS:
        raise UsageProblem(f"there is no method {method!r}", f"one of {', '.join(METHODS)}", "choose one")
    chosen = METHODS[method]
    options = {"method": method, **chosen.lengths[chosen.length(length)]}
    if options["steps"] > SAMPLE_EVERY:
        options["sample_every"] = SAMPLE_EVERY
    if trigger and not WORD.fullmatch(trigger):
        raise UsageProblem("the trigger word cannot be used", "letters, digits and hyphens", "try zorb")
    if chosen.method.trigger is not None:
        word = trigger or chosen.method.rare_word or (name if method == "textual_inversion" else "")
        options |= {"trigger": word} if word else {}
    if chosen.method.asks_kind:
        if not kind:
            raise UsageProblem(
                "DreamBooth does not know what kind of sound it is", "for example “a dog barking”", "write the kind"
            )
        options["class_prompt"] = kind
    return options


def minutes_told(places: Places, method: str, length: str) -> str:
    """Steps and minutes, from the pace of this machine's own runs of that method where there are any."""
    chosen = METHODS[method]
    flags = chosen.lengths[chosen.length(length)]
    measured = measured_s(places, method, flags)
    start_s, step_s = measured or (chosen.start_s, chosen.step_s)
    if method == "aesthetic" and not measured and flags["aesthetic_through"] == "words":
        step_s = 0
    told = f"{flags['steps']} steps, about" if flags["steps"] > 1 else "About"
    known = "measured on this machine" if measured else "a guess for a CPU; a GPU is much faster"
    return f"{told} {max(1, round((start_s + flags['steps'] * step_s) / 60))} min ({known})."


def measured_s(places: Places, method: str, flags: dict) -> tuple[float, float] | None:
    """(seconds before the first step, seconds a step) of the newest run that was made alike; None without any."""
    found = sorted(places.runs.glob("*/run.json"), key=lambda path: path.stat().st_mtime)
    for path in reversed(found):
        facts = facts_of(path.parent)
        seconds, settings = facts["seconds"], facts["settings"]
        alike = settings.get("method") == method and all(
            settings.get(name) == value for name, value in flags.items() if name != "steps"
        )
        if alike and seconds["train"] and isinstance(settings.get("steps"), int) and settings["steps"] > 0:
            return seconds["cache"], seconds["train"] / settings["steps"]
    return None
