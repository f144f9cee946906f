"""One sound of a class for the base model's clips: a recording where there are any, synthesised where that is heard.

An ear from outside may sieve: a clip that it does not hear as its class is drawn again.
"""

from collections import defaultdict

import numpy as np

from dataset_builder.soundscapes.composer import SPOKEN_SHARE, VALUES, render_event
from dataset_builder.soundscapes.synthesis.catalogue import CATALOGUE
from training.base_model import recordings

REAL_SHARE, MANY = 0.8, 8  # of the clips of a class that is synthesised too; recordings that make it so
FAINT = 0.25  # how often a recording that the ear does not hear is drawn, beside one that it hears
DRAWS = 3  # of a clip, until the ear hears it


class Sounds:
    """Draws sounds; ``read`` gives a Recording's audio, ``hears(audio, label)`` says whether the sieve lets it by."""

    def __init__(self, found, read, hears=None):
        self.read, self.hears = read, hears
        self.by_label = defaultdict(list)
        for recording in found:
            self.by_label[recording.label].append(recording)
        self.weights = {}

    def _weights(self, label):
        """How often each recording of the class is drawn: those of one source share, those unheard count less."""
        if label not in self.weights:
            own = self.by_label[label]
            sizes = np.array([sum(one.source_id == other.source_id for other in own) for one in own])
            parts = sizes**-0.5
            if self.hears is not None:
                parts = parts * [1 if self.hears(self.read(one), label) else FAINT for one in own]
            self.weights[label] = parts / parts.sum()
        return self.weights[label]

    def is_real(self, rng, label, spoken):
        """Whether the next sound of the class is a recording."""
        many = len(self.by_label[label])
        if not many:
            return False
        if CATALOGUE[label].recorded:
            return True
        words = any(name in VALUES for name, _ in spoken)
        return bool(rng.random() < (0.25 if words else REAL_SHARE if many >= MANY else REAL_SHARE / 2))

    def make(self, rng, label, seconds, spoken=()):
        """(audio (samples,), attributes that captions say, whether it is a recording) of one class."""
        if not self.is_real(rng, label, spoken):
            return *render_event(rng, label, seconds, spoken), False
        recording = self.by_label[label][rng.choice(len(self.by_label[label]), p=self._weights(label))]
        return recordings.vary(rng, self.read(recording), label, seconds, spoken), tuple(spoken), True

    def sieved(self, rng, label, seconds, spoken=()):
        """The first of up to DRAWS sounds that the ear hears as its class, or the last one."""
        for _ in range(DRAWS):
            made = self.make(rng, label, seconds, spoken)
            if self.hears is None or self.hears(made[0], label):
                break
        return made


def choose_words(rng, sound, share=SPOKEN_SHARE):
    """Attributes for a caption: pitch and pace each with the probability ``share`` where the class takes them."""
    spoken = []
    for name in sound.attributes:
        if rng.random() < share:
            spoken.append((name, list(VALUES[name])[rng.integers(2)]))
    if rng.random() < 0.08:
        spoken.append(("distance", ("far", "near")[rng.integers(2)]))
    return tuple(spoken)
