"""What the base model's benchmark listens to: prompts, generated clips, originals, and the judge that hears them."""

import time
from dataclasses import dataclass

import numpy as np
from rich.progress import track

from dataset_builder.soundscapes.composer import RATE_HZ, SECONDS, VALUES, finish, render_event
from dataset_builder.soundscapes.synthesis import captions
from dataset_builder.soundscapes.synthesis.catalogue import CATALOGUE, CLASSES
from dataset_builder.soundscapes.synthesis.signals import place, silence
from metrics.embedders.sound_cnn import SoundCnn
from metrics.embedders.sound_cnn_features import RATE_HZ as JUDGE_RATE_HZ
from spectrogram.codec import SpectrogramCodec
from spectrogram.files.audio import resample

RECORDINGS_SHARE = 0.5
BATCH = 8
ORIGINALS_SEED = 555_000
TURN_S = 2.56
TURN_MARGIN_S = 0.3
ESC10 = (
    "chainsaw", "clock_tick", "crackling_fire", "crying_baby", "dog_bark",
    "helicopter", "rain", "rooster", "sea_waves", "sneezing",
)  # fmt: skip
WORDS = {"pitch": ("low", "high"), "pace": ("slow", "fast")}


@dataclass
class Clip:
    """A prompt, what was asked for, whether training captions used the wording, and what came of it.

    ``sound`` is mono at the judge's rate, ``picture`` the decoded sound's own spectrogram, uint8 (bands, columns).
    """

    label: str
    prompt: str = ""
    seen: bool = True
    second: str = ""
    relation: str = ""
    value: tuple[str, str] = ("", "")
    sound: np.ndarray | None = None
    picture: np.ndarray | None = None


def class_prompts(labels, per_class):
    """Half of a class's prompts are wordings of its training captions, half are unseen."""
    clips = []
    for sound in (CATALOGUE[label] for label in labels):
        for n in range(per_class):
            seen = n % 2 == 0
            phrase = sound.phrases[n // 2 % len(sound.phrases)] if seen else sound.unseen_phrase
            clips.append(Clip(sound.label, phrase, seen))
    return clips


def word_prompts(kind, per_value):
    """Prompts with a pitch or pace word for every class that takes one, e.g. "a high-pitched siren"."""
    rng, clips = np.random.default_rng(3), []
    for label in CLASSES:
        if kind in CATALOGUE[label].attributes:
            for value in WORDS[kind]:
                for n in range(per_value):
                    phrase = CATALOGUE[label].phrases[n % len(CATALOGUE[label].phrases)]
                    clips.append(Clip(label, captions.describe(rng, phrase, [(kind, value)]), value=(kind, value)))
    return clips


def pair_prompts(relation, count):
    """Prompts of two sounds; a "while" lays an event over a texture, as the corpus does."""
    rng, clips = np.random.default_rng(4), []
    textures = [label for label in CLASSES if CATALOGUE[label].texture]
    while len(clips) < count:
        first, second = (CLASSES[i] for i in rng.permutation(len(CLASSES))[:2])
        if relation == "while":
            second = textures[rng.integers(len(textures))]
            if CATALOGUE[first].texture:
                continue
        text = captions.join(rng, CATALOGUE[first].phrases[0], CATALOGUE[second].phrases[0], relation)
        clips.append(Clip(first, text, second=second, relation=relation))
    return clips


def seed_prompts(prompts, seeds):
    """The same prompt with several seeds, for classes spread over the catalogue."""
    chosen = CLASSES[:: -(-len(CLASSES) // prompts)]
    return [Clip(label, CATALOGUE[label].phrases[0]) for label in chosen for _ in range(seeds)]


def generate(pipeline, clips, seed, **options):
    """Fill in ``sound`` and ``picture``, clip n with seed ``seed + n``; returns the seconds that a clip took.

    ``options`` go to the pipeline, such as num_inference_steps.
    """
    pipeline.set_progress_bar_config(disable=True)
    codec, began, busy = SpectrogramCodec(pipeline.params), 0.0, 0.0
    for start in track(range(0, len(clips), BATCH), description="generating"):
        batch = clips[start : start + BATCH]
        began = time.perf_counter()
        sounds = pipeline([clip.prompt for clip in batch], seed=seed + start, **options).audios
        busy += time.perf_counter() - began
        for clip, audio in zip(batch, sounds, strict=True):
            _take(clip, audio, pipeline.params.sample_rate_hz, codec)
    return busy / len(clips)


def _take(clip, audio, rate_hz, codec):
    audio = np.asarray(audio, dtype=np.float32)
    clip.picture = np.asarray(codec.encode(audio, rate_hz))[..., 0]
    clip.sound = resample(audio[:1], rate_hz, JUDGE_RATE_HZ)[0]


def originals(clips, codec, seed=ORIGINALS_SEED, coded=True):
    """The same requests as synthesised originals, as they are or after sound → picture → sound: the ceiling."""
    made = []
    for number, clip in enumerate(clips):
        rng = np.random.default_rng([seed, number])
        audio = np.clip(_original(rng, clip), -1, 1).astype(np.float32)[None]
        twin, rate_hz = Clip(clip.label, clip.prompt, clip.seen, clip.second, clip.relation, clip.value), RATE_HZ
        if coded:
            audio, rate_hz = codec.decode(codec.encode(audio, RATE_HZ))
        _take(twin, audio, rate_hz, codec)
        made.append(twin)
    return made


def _original(rng, clip):
    spoken = (clip.value,) if clip.value[0] in VALUES else ()
    if not clip.second:
        return finish(rng, render_event(rng, clip.label, SECONDS, spoken)[0])
    length = SECONDS if clip.relation == "while" else TURN_S
    first, second = (render_event(rng, label, length, ())[0] for label in (clip.label, clip.second))
    if clip.relation == "while":
        return finish(rng, first + second * 10 ** (-rng.uniform(4, 9) / 20))
    canvas = silence(SECONDS)
    place(canvas, first, 0)
    place(canvas, second, TURN_S)
    return finish(rng, canvas)


class Judge:
    """A classifier of ``metrics``: the embedded one, or one trained on other recordings than the base's."""

    def __init__(self, folder=None, name="sd-audio-cnn-v1"):
        self.network = SoundCnn(folder, name)
        self.classes = np.array(self.network.classes)
        self.identity = {"name": self.network.name, "sha256": self.network.sha256}

    def analyse(self, sound):
        """(embedding (192,), probabilities (classes,)) of mono sound at JUDGE_RATE_HZ."""
        analysis = self.network.analyse(sound)
        weights = np.exp(analysis.logits - analysis.logits.max())
        return analysis.rows[0], weights / weights.sum()

    def hear(self, sound):
        """The most likely class."""
        return str(self.classes[self.analyse(sound)[1].argmax()])

    def halves(self, sound):
        """The most likely class before and after the turn of a clip."""
        turn, margin = round(TURN_S * JUDGE_RATE_HZ), round(TURN_MARGIN_S * JUDGE_RATE_HZ)
        return self.hear(sound[: turn - margin]), self.hear(sound[turn + margin :])

    def two(self, sound):
        """The two most likely classes."""
        return {str(name) for name in self.classes[np.argsort(-self.analyse(sound)[1])[:2]]}
