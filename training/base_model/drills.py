"""Drills: composed clips that come in twins which differ in one thing alone, and whose captions say which.

"A followed by B" beside B followed by A, made of the same two sounds; a fast sound beside the same one slow or
unhurried; loud beside soft; once beside many times; and a sound in a place. Clip 2k + 1 is the twin of clip 2k.
"""

import numpy as np

from dataset_builder.soundscapes.composer import (
    SECONDS,
    Event,
    Soundscape,
    describe_events,
    finish,
    level,
    render_event,
)
from dataset_builder.soundscapes.synthesis import captions
from dataset_builder.soundscapes.synthesis.catalogue import CATALOGUE, CLASSES
from dataset_builder.soundscapes.synthesis.signals import RATE_HZ, place, samples, silence

PACED = tuple(label for label in CLASSES if CATALOGUE[label].takes_pace)
# Sounds that come as events of which one can stand alone, and textures that say where one is.
COUNTED = tuple(
    label for label in (
        "thunder", "frog", "dog_bark", "rooster", "cat_meow", "crow", "church_bells", "car_horn", "knocking",
        "glass_break", "sneezing",
    ) if label in CLASSES
)  # fmt: skip
PLACES = {label: where for label, where in captions.PLACES.items() if label in CLASSES}
LOUDNESS_DB = {"loud": (-12.0, -10.0), "soft": (-38.0, -33.0)}
KINDS = ("order", "pace", "other")
WORDINGS = 4
GAP_DB = 24


def synthesised(rng, label, seconds, spoken=()):
    """A sound of a class as its generator makes it; ``Sounds.make`` has the same form."""
    return *render_event(rng, label, seconds, spoken), False


def _pace(rng, first, make):
    """A fast sound, or its twin, which is slow or says nothing of its pace."""
    label = PACED[rng.integers(len(PACED))]
    other = (("pace", "slow"),) if rng.random() < 0.5 else ()
    audio, said, _ = make(rng, label, SECONDS, (("pace", "fast"),) if first else other)
    return audio, [Event(label, 0, SECONDS, said)], ""


def _order(rng, first, make):
    """Two sounds after one another, or the same two in the other order."""
    chosen = [CLASSES[i] for i in rng.permutation(len(CLASSES))[:2]]
    turn = rng.uniform(2.3, 2.8)
    sounds = [(label, make(rng, label, SECONDS - turn if k else turn)[0]) for k, label in enumerate(chosen)]
    sounds = sounds if first else sounds[::-1]
    turn, mix = len(sounds[0][1]) / RATE_HZ, silence(SECONDS)
    place(mix, sounds[0][1], 0)
    place(mix, sounds[1][1], turn)
    return mix, [Event(sounds[0][0], 0, turn), Event(sounds[1][0], turn, SECONDS)], "then"


def _single_event(audio):
    """The first event of a sound alone: up to where it has fallen by ``GAP_DB`` for a tenth of a second, or 1.2 s."""
    step = RATE_HZ // 20
    level_db = 10 * np.log10(np.mean(audio[: len(audio) // step * step].reshape(-1, step) ** 2, axis=1) + 1e-12)
    quiet = level_db < level_db.max() - GAP_DB
    loud = np.flatnonzero(~quiet)[0]
    ends = [k for k in range(loud + 1, len(quiet) - 1) if quiet[k] and quiet[k + 1]]
    end = (ends[0] + 1 if ends else loud + 24) * step
    kept, fade = audio.copy(), slice(max(0, end - 480), end)
    kept[end:] = 0
    kept[fade] *= np.linspace(1, 0, len(kept[fade]))
    return kept


def _other(rng, first, make):
    """Loud or soft; once or many times; or in a place."""
    what = rng.integers(3)
    if what == 0:
        value = "loud" if first else "soft"
        label = CLASSES[rng.integers(len(CLASSES))]
        audio = make(rng, label, SECONDS)[0]
        return level(audio, rng.uniform(*LOUDNESS_DB[value])), [Event(label, 0, SECONDS, (("loudness", value),))], ""
    if what == 1:
        value = "once" if first else "many"
        label = COUNTED[rng.integers(len(COUNTED))]
        audio = make(rng, label, SECONDS)[0]
        if value == "once":
            audio = level(_single_event(audio), rng.uniform(-22, -17))
        else:
            shifts = (0, rng.uniform(0.3, 0.9), rng.uniform(1.0, 1.6))
            copies = [np.roll(make(rng, label, SECONDS)[0], samples(shift)) for shift in shifts]
            audio = level(sum(copies), rng.uniform(-22, -17))
        return audio, [Event(label, 0, SECONDS, (("count", value),))], ""
    where = list(PLACES)[rng.integers(len(PLACES))]
    alone = [label for label in CLASSES if not CATALOGUE[label].texture and label != where]
    label = alone[rng.integers(len(alone))]
    sound, ground = (make(rng, one, SECONDS)[0] for one in (label, where))
    mix = sound + ground * 10 ** (-rng.uniform(6, 11) / 20)
    return mix, [Event(label, 0, SECONDS), Event(where, 0, SECONDS)], "at"


MAKERS = {"order": _order, "pace": _pace, "other": _other}


def compose(seed, shares, index, make=synthesised, real=False):
    """Drill ``index`` of ``seed``; ``shares`` of KINDS add up to one. Twins draw alike, but for what they differ in.

    ``real``: whether what ``make`` gives may be a recording.
    """
    rng = np.random.default_rng([*np.atleast_1d(seed), index // 2])
    audio, events, relation = MAKERS[KINDS[rng.choice(len(KINDS), p=shares)]](rng, index % 2 == 0, make)
    return Soundscape(finish(rng, audio), describe_events(rng, events, relation, WORDINGS), events, real)
