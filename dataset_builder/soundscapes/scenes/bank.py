"""The sounds that scenes are made of, by label, each with its licence and the recording that it comes from."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dataset_builder.intake.entries import Entry
from dataset_builder.making.splits import assign
from dataset_builder.soundscapes.composer import RATE_HZ, render_event
from dataset_builder.soundscapes.synthesis.catalogue import CATALOGUE
from spectrogram.files.audio import resample
from spectrogram.files.sound_file import opened
from spectrogram.problems import Problem

LONGEST_READ_S = 60.0
FRAME_S = 0.02
# Parts more than this below the loudest frame are taken for pauses.
PAUSE_DB = 30.0
SAID_KIND = re.compile(r"^(?:the )?(song|call)s? of ", re.IGNORECASE)
UNCOUNTED = frozenset(
    re.findall(
        r"\w+",
        "rain wind thunder water fire surf traffic music birdsong speech laughter applause hail snow noise silence "
        "chatter machinery ambience drizzle sand grass paper glass metal wood static weather",
    )
)


@dataclass(frozen=True)
class Sound:
    """One labelled sound: a file (or a part of it), or a synthesised class (``path`` empty).

    ``phrase`` names it in a caption ("a dog barking"), ``name`` in the prompt's words ("american robin"), ``kind`` is
    song or call where its recordist says so.
    """

    label: str
    phrase: str
    recording: str
    path: str = ""
    start_s: float = 0.0
    seconds: float | None = None
    licence: str = ""
    source: str = ""
    attribution: str = ""
    kind: str = ""

    @property
    def name(self) -> str:
        return name_of(self.label)

    def read(self, rng: np.random.Generator, seconds: float, rate_hz: int) -> np.ndarray:
        """Mono samples of up to ``seconds``, from where the sound is not silent; raises OSError, SoundProblem."""
        if not self.path:
            return self.synthesise(rng, seconds, rate_hz)
        if not Path(self.path).is_file():
            raise Problem(
                f"{self.path} is not there", "expected the recording that the table names", "pass --audio DIR"
            )
        with opened(self.path) as file:
            length = min(file.seconds - self.start_s, self.seconds or file.seconds, LONGEST_READ_S)
            audio = file.read(self.start_s, length).mean(axis=0)[None]
            return active_part(resample(audio, file.sample_rate_hz, rate_hz)[0], rng, seconds, rate_hz)

    def synthesise(self, rng: np.random.Generator, seconds: float, rate_hz: int) -> np.ndarray:
        audio, _ = render_event(rng, self.label, seconds, spoken=())
        return resample(audio[None].astype(np.float32), RATE_HZ, rate_hz)[0]


@dataclass
class Bank:
    """``events`` and ``backgrounds``: label -> sounds."""

    events: dict[str, list[Sound]] = field(default_factory=dict)
    backgrounds: dict[str, list[Sound]] = field(default_factory=dict)

    def only(self, dealt: dict[str, str], split: str) -> Bank:
        """The sounds whose recording belongs to a split, so that nothing of a test scene is heard in training."""

        def kept(sounds: dict[str, list[Sound]]) -> dict[str, list[Sound]]:
            chosen = {label: [one for one in own if dealt[one.recording] == split] for label, own in sounds.items()}
            return {label: own for label, own in chosen.items() if own}

        return Bank(kept(self.events), kept(self.backgrounds))

    def deal(self, shares: dict[str, float], seed: int) -> dict[str, str]:
        """The split of every recording of the bank, in equal shares of every label."""
        every = [one for own in (*self.events.values(), *self.backgrounds.values()) for one in own]
        return assign({one.recording: one.label for one in every}, shares, seed)


def bank_of(events: list[Entry], backgrounds: list[Entry], background_labels: tuple[str, ...] = ()) -> Bank:
    """A bank of the entries of labelled sets; ``background_labels`` moves classes of ``events`` to the backgrounds."""
    unknown = sorted(set(background_labels) - {entry.label for entry in events})
    if unknown:
        labels = ", ".join(sorted({entry.label for entry in events}))
        raise Problem(f"no sound has the label {', '.join(unknown)}", f"expected some of {labels}", "correct it")
    bank = Bank(defaultdict(list), defaultdict(list))
    for entry in events:
        place = bank.backgrounds if entry.label in background_labels else bank.events
        place[label_of(entry)].append(sound_of(entry))
    for entry in backgrounds:
        bank.backgrounds[label_of(entry)].append(sound_of(entry))
    if not bank.events:
        raise Problem("the bank holds no event", "expected labelled sounds", "pass --events FOLDER_OR_CSV")
    return bank


def synthesised_bank() -> Bank:
    """Every class that this project can synthesise; steady textures are also backgrounds."""
    bank = Bank({}, {})
    for label, sound in CATALOGUE.items():
        one = Sound(label, sound.phrases[0], f"synthetic:{label}", licence="CC0 1.0", source="synthesised")
        bank.events[label] = [one]
        if sound.texture:
            bank.backgrounds[label] = [one]
    return bank


def sound_of(entry: Entry) -> Sound:
    return Sound(
        label=label_of(entry),
        phrase=phrase_of(entry),
        recording=entry.recording or entry.clip_id,
        path=entry.path,
        start_s=entry.start_s,
        seconds=entry.seconds,
        licence=entry.licence,
        source=entry.source,
        attribution=entry.attribution,
        kind=kind_of(entry),
    )


def kind_of(entry: Entry) -> str:
    """``song`` or ``call``, from what the recordist says of it or from its caption; empty when neither says so."""
    said = json.loads(entry.about).get("kind", "") if entry.about else ""
    told = said or next((word for text in entry.captions for word in SAID_KIND.findall(text)), "")
    kinds = {kind for kind in ("song", "call") if kind in told.lower()}
    return kinds.pop() if len(kinds) == 1 else ""


def label_of(entry: Entry) -> str:
    return entry.label or (entry.captions[0] if entry.captions else "sound")


def phrase_of(entry: Entry) -> str:
    """``an American robin`` for ``the sound of an American robin, a bird``; other captions as they are."""
    text = entry.captions[0] if entry.captions else name_of(entry.label)
    text = re.sub(r"^(the )?(sounds?|songs?|calls?|noise) of ", "", text, flags=re.IGNORECASE)
    text = re.sub(r", an? (bird|insect|frog|mammal)$", "", text)
    plain = text.lower() == name_of(entry.label)
    return f"{'an' if text[:1].lower() in 'aeiou' else 'a'} {text}" if plain and countable(text.lower()) else text


def countable(name: str) -> bool:
    """Whether "a" can stand before a name: not before rain, birdsong, waves or footsteps."""
    last = name.split()[-1] if name else ""
    return last not in UNCOUNTED and not last.endswith("ing") and (not last.endswith("s") or last.endswith("ss"))


def name_of(label: str) -> str:
    """``american robin`` for ``bird:american_robin``."""
    return " ".join(re.split(r"[\W_]+", label.split(":")[-1].lower())).strip()


def active_part(audio: np.ndarray, rng: np.random.Generator, seconds: float, rate_hz: int) -> np.ndarray:
    """A part of up to ``seconds`` that begins at one of the sound's own beginnings and ends with its last sound."""
    frame, wanted = round(FRAME_S * rate_hz), round(seconds * rate_hz)
    power = np.mean(audio[: len(audio) // frame * frame].reshape(-1, frame) ** 2, axis=1)
    if not len(power) or not power.max():
        return audio[:wanted]
    active = power > power.max() * 10 ** (-PAUSE_DB / 10)
    starts = np.flatnonzero(active & ~np.r_[False, active[:-1]])
    fitting = [start for start in starts if (len(power) - start) * frame >= wanted] or [starts[0]]
    begin = fitting[rng.integers(len(fitting))]
    end = np.flatnonzero(active[begin : begin + wanted // frame + 1])[-1] + begin + 1
    return audio[begin * frame : min(end * frame, begin * frame + wanted)]


def licences_of(sounds: list[Sound]) -> str:
    return " + ".join(Counter(one.licence for one in sounds if one.licence))
