"""The ways of teaching that the page offers: a word, one line of meaning, what each asks for, and how long it takes."""

import json
import re
from dataclasses import dataclass

from space.store.places import Places
from spectrogram.problems import UsageProblem

QUICK, STANDARD, LONG = "Quick", "Standard", "Long"
# A sample is heard so often on the way, where the way is longer.
SAMPLE_EVERY = 100
# It becomes a flag of a program, a part of a text and the name of a file.
WORD = re.compile(r"<?\w[\w-]{0,39}>?")


@dataclass(frozen=True)
class Method:
    """One method of `python -m training`; what it makes lies in a run of its own, named with `suffix`.

    `lengths`: flags for each length that can be chosen. `trigger`: what the trigger word is for, None where the method
    has none; `rare_word` is used when none is written. `start_s`, `step_s`: seconds on one CPU core with the embedded
    base, until a run of this machine has been measured.
    """

    label: str
    meaning: str
    lengths: dict[str, dict]
    lengths_told: str
    start_s: float
    step_s: float
    suffix: str = ""
    trigger: str | None = None
    rare_word: str = ""
    asks_kind: bool = False

    def run_name(self, name: str) -> str:
        return name + self.suffix

    def length(self, chosen: str) -> str:
        """The chosen length, where this method has it."""
        return chosen if chosen in self.lengths else STANDARD


def _steps(quick: int, standard: int, long: int) -> dict[str, dict]:
    return {QUICK: {"steps": quick}, STANDARD: {"steps": standard}, LONG: {"steps": long}}


METHODS = {
    "lora": Method(
        "LoRA",
        "your sounds beside all that the model knows; begin with it",
        _steps(100, 300, 1000),
        "100, 300 or 1000 steps",
        start_s=40,
        step_s=0.25,
        trigger="a made-up word that your captions use, if they do",
    ),
    "dreambooth": Method(
        "DreamBooth",
        "one particular sound, called up by a rare word",
        _steps(100, 300, 1000),
        "100, 300 or 1000 steps",
        start_s=40,
        step_s=0.25,
        suffix="-dreambooth",
        trigger="a rare word that calls up the sound; sks when empty",
        rare_word="sks",
        asks_kind=True,
    ),
    "textual_inversion": Method(
        "Textual inversion",
        "a new word for a sound; the model stays as it is",
        _steps(75, 150, 500),
        "75, 150 or 500 steps",
        start_s=20,
        step_s=0.25,
        suffix="-word",
        trigger="the new word; the name when empty",
    ),
    "aesthetic": Method(
        "Aesthetic gradients",
        "a colour for every text; nothing is trained, each text takes longer",
        {
            QUICK: {"steps": 1, "aesthetic_through": "words"},
            STANDARD: {"steps": 1, "aesthetic_through": "picture", "aesthetic_steps": 60},
        },
        "Quick compares with words, Standard with pictures",
        start_s=20,
        step_s=150,
        suffix="-aesthetic",
    ),
}
# The longest suffix must fit into a name of 40 letters.
LONGEST_NAME = 40 - max(len(method.suffix) for method in METHODS.values())
CHOICES = [(f"{method.label}: {method.meaning}", name) for name, method in METHODS.items()]


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
    if chosen.trigger is not None:
        word = trigger or chosen.rare_word or (name if method == "textual_inversion" else "")
        options |= {"trigger": word} if word else {}
    if chosen.asks_kind:
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
        facts = json.loads(path.read_text(encoding="utf-8"))
        seconds, settings = facts.get("seconds", {}), facts.get("settings", {})
        alike = settings.get("method") == method and all(
            settings.get(name) == value for name, value in flags.items() if name != "steps"
        )
        if alike and seconds.get("train") and settings.get("steps"):
            return seconds.get("cache", 0.0), seconds["train"] / settings["steps"]
    return None
