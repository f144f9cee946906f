"""The base model's clips: one sound with or without words for how it sounds, one over another, and drills in twins.

Everything random comes from the seed and the clip's number, as far as the same recordings and the same sieve are there.
"""

from functools import cache

import numpy as np

from dataset_builder.soundscapes.composer import RATE_HZ, SECONDS, Event, Soundscape, describe_events, finish
from dataset_builder.soundscapes.synthesis.catalogue import CATALOGUE, CLASSES
from metrics.embedders.outside_ear import OutsideEar
from training.base_model import drills, recordings
from training.base_model.sounds import Sounds, choose_words

TEXTURES = tuple(label for label in CLASSES if CATALOGUE[label].texture)
WORDINGS = 4
WHILE_SHARE = 0.1
SEEDS = {"sounds": 0, "drills": 1}


@cache
def open_sounds(settings, root, ear):
    """The sounds that the recipe's recordings below ``root`` and the generators can give, sieved by an ear's file."""
    found = recordings.find([root / name for name in settings.recordings], settings.recordings_share)
    hears = None
    if ear is not None:
        listener = OutsideEar(ear)

        def hears(audio, label):
            return listener.hears(listener.scores(audio, RATE_HZ), label)

    return Sounds(found, recordings.reader(), hears)


def compose(settings, root, ear, index):
    """Clip ``index`` of the corpus of sounds, and whether a recording is in it."""
    rng = np.random.default_rng([settings.seed, SEEDS["sounds"], index])
    sounds = open_sounds(settings, root, ear)
    label = CLASSES[rng.integers(len(CLASSES))]
    spoken = choose_words(rng, CATALOGUE[label], settings.spoken_share)
    if rng.random() < WHILE_SHARE and not CATALOGUE[label].texture:
        other = TEXTURES[rng.integers(len(TEXTURES))]
        front, said, real = sounds.make(rng, label, SECONDS, spoken)
        back, _, real_back = sounds.make(rng, other, SECONDS)
        mix = front + back * 10 ** (-rng.uniform(5, 10) / 20)
        events, relation, real = [Event(label, 0, SECONDS, said), Event(other, 0, SECONDS)], "while", real or real_back
    else:
        mix, said, real = sounds.sieved(rng, label, SECONDS, spoken)
        events, relation = [Event(label, 0, SECONDS, said)], ""
    return Soundscape(finish(rng, mix), describe_events(rng, events, relation, WORDINGS), events, real)


def compose_drill(settings, root, ear, index):
    """Drill ``index``; its twin is the next or the one before."""
    seed = [settings.seed, SEEDS["drills"]]
    sounds = open_sounds(settings, root, None)
    return drills.compose(seed, settings.drill_kinds, index, sounds.make, any(sounds.by_label.values()))
