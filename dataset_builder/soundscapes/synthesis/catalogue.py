"""Every class that can be synthesised, read from catalogue.yaml and joined to its generator."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True)
class SoundClass:
    """One class: its generator, the wordings of its captions and the attributes (pitch, pace) that it can take.

    ``unseen_phrase`` never enters a training caption: it tests whether a model reads words or knows phrases by heart.
    A ``recorded`` class is taught by recordings alone, because its generator is not recognised by strangers.
    """

    label: str
    generate: Callable
    phrases: tuple[str, ...]
    unseen_phrase: str
    attributes: tuple[str, ...] = ()
    texture: bool = False
    held_out: bool = False
    recorded: bool = False
    dropped: bool = False

    @property
    def takes_pitch(self):
        return "pitch" in self.attributes

    @property
    def takes_pace(self):
        return "pace" in self.attributes


def _sound_class(label, entry):
    module = importlib.import_module(f".{entry['generator']}", __package__)
    return SoundClass(
        label,
        getattr(module, label),
        tuple(entry["phrases"]),
        entry["unseen"],
        tuple(entry.get("attributes", ())),
        entry.get("texture", False),
        entry.get("held_out", False),
        entry.get("recorded", False),
        entry.get("dropped", False),
    )


def _read():
    entries = yaml.safe_load((Path(__file__).parent / "catalogue.yaml").read_text(encoding="utf-8"))
    return {label: _sound_class(label, entry) for label, entry in entries.items()}


CATALOGUE = _read()
CLASSES = tuple(label for label, sound in CATALOGUE.items() if not (sound.held_out or sound.dropped))
HELD_OUT = tuple(label for label, sound in CATALOGUE.items() if sound.held_out)
# Classes whose pictures are lines, whole ones of seconds or short ones by the dozen.
TONAL = ("siren", "birdsong", "flute", "alarm_beep", "telephone", "rooster", "cat_meow", "crying_baby")
