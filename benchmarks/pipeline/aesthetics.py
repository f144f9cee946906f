"""How far an aesthetic carries a prompt, through the words: towards its own sound, and away from what was asked for.

    python -m benchmarks.pipeline.aesthetics [--steps 10,20] [--rates 1e-4,5e-4,1e-3]

For each of eight sounds that the base knows the aesthetic of 12 clips is made. "drawn" is the share of clips of a
prompt that names nothing in which the judge hears the aesthetic's sound; "kept" is the share of prompts for other
sounds in which those are still heard, "turned" the share of these that have become the aesthetic's. 0 steps: the base
alone.
"""

import argparse
import itertools

import numpy as np

from benchmarks.base_model.clips import Clip, Judge, generate
from benchmarks.pipeline.verbs import RATE_HZ, phrase, recording
from spectrogram.adapters.aesthetic import Aesthetic
from spectrogram.bases import EMBEDDED
from spectrogram.codec import SpectrogramCodec
from spectrogram.ears.clip import open_ear
from spectrogram.models import load_pipeline

LABELS = ("siren", "rain", "dog_bark", "church_bells", "clapping", "telephone", "engine", "rooster")
NOTHING = "a recording"
PICTURES, CLIPS, SECONDS, SEED, DENOISE = 12, 2, 5.12, 70, 10


def aesthetic_of(label, codec, ear):
    """The Aesthetic of some synthesised clips of one sound."""
    sounds = [np.asarray(recording(label, SECONDS, seed), dtype=np.float32) for seed in range(PICTURES)]
    return Aesthetic.of([codec.encode(sound, RATE_HZ) for sound in sounds], ear, label)


def heard(pipeline, judge, clips):
    """What the judge hears in clips of these prompts, one class each."""
    generate(pipeline, clips, SEED, num_inference_steps=DENOISE)
    return [judge.hear(clip.sound) for clip in clips]


def others_of(label, labels):
    """Two other sounds, each of which is asked for beside two aesthetics if there are eight."""
    after = [*labels, *labels][labels.index(label) + 1 :]
    return (after[0], after[len(labels) // 2 - 1])


def measure(pipeline, ear, judge, made, steps, rate):
    """A row: shares over all aesthetics ``made`` {label: Aesthetic}."""
    labels, drawn, asked, found = tuple(made), [], [], []
    for label, aesthetic in made.items():
        pipeline.load_aesthetic(aesthetic, steps, rate, ear)
        try:
            drawn += [name == label for name in heard(pipeline, judge, [Clip(label, NOTHING) for _ in range(CLIPS)])]
            named = others_of(label, labels)
            asked += [(label, other) for other in named]
            found += heard(pipeline, judge, [Clip(other, phrase(other)) for other in named])
        finally:
            pipeline.unload_aesthetic()
    pairs = list(zip(asked, found, strict=True))
    return {
        "steps": steps, "rate": rate, "drawn": float(np.mean(drawn)),
        "kept": float(np.mean([name == other for (_, other), name in pairs])),
        "turned": float(np.mean([name == label for (label, _), name in pairs])),
    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.pipeline.aesthetics", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--steps", default="10,20")
    parser.add_argument("--rates", default="1e-4,5e-4,1e-3")
    arguments = parser.parse_args()
    pipeline, ear, judge = load_pipeline(EMBEDDED), open_ear(EMBEDDED, "cpu"), Judge()
    codec = SpectrogramCodec(pipeline.params)
    made = {label: aesthetic_of(label, codec, ear) for label in LABELS}
    runs = itertools.product(map(int, arguments.steps.split(",")), map(float, arguments.rates.split(",")))
    for steps, rate in [(0, 0.0), *runs]:
        row = measure(pipeline, ear, judge, made, steps, rate)
        print("  ".join(f"{name} {value:.3g}" for name, value in row.items()), flush=True)


if __name__ == "__main__":
    main()
