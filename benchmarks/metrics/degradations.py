"""`python -m benchmarks.metrics.degradations REFERENCE`: does each metric grow with the damage, and where is it blind?

Every clip of the reference set is damaged in six ways at five strengths and measured against the untouched set.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.metrics import damage
from metrics.embedders import load
from metrics.figures.comparison import compare
from metrics.figures.controls import like, values_of
from metrics.sets.embedding import EmbeddedSet, embed_set
from metrics.sets.sound_set import read_collection
from spectrogram.files import json_file
from spectrogram.files.audio import read_audio


def damaged_set(embedder, reference: EmbeddedSet, way, strength: int, seed: int = 0) -> EmbeddedSet:
    """The reference with every clip damaged."""
    rng = np.random.default_rng([seed, strength])
    analyses = []
    for sound in reference.sounds:
        audio, rate_hz = read_audio(sound.path, sample_rate_hz=embedder.sample_rate_hz, channels=1)
        analyses.append(embedder.analyse(way(audio[0], rate_hz, strength, rng)))
    return like(reference, analyses)


def wrong_class_set(reference: EmbeddedSet, share: float, seed: int = 0) -> EmbeddedSet:
    """The reference where this share of clips has the sound of a clip with another label."""
    rng = np.random.default_rng(seed)
    labels = np.array([sound.label for sound in reference.sounds])
    sources = np.arange(len(labels))
    for index in rng.permutation(len(labels))[: round(share * len(labels))]:
        sources[index] = rng.choice(np.flatnonzero(labels != labels[index]))
    logits = None if reference.clip_logits is None else [reference.clip_logits[i] for i in sources]
    rows = [reference.clip_rows[i] for i in sources]
    return EmbeddedSet(reference.identity, reference.sounds, rows, logits, [], reference.classes)


def ladder(embedder, reference: EmbeddedSet) -> dict[str, list[dict[str, float]]]:
    """{way: [{metric: value} for each strength]}."""
    table = {}
    for name, way in damage.WAYS.items():
        table[name] = [
            values_of(compare(damaged_set(embedder, reference, way, strength), reference, resamples=0))
            for strength in range(damage.STRENGTHS)
        ]
        print_way(name, table[name])
    wrong = [wrong_class_set(reference, share) for share in damage.WRONG_SHARES]
    table["wrong class"] = [values_of(compare(one, reference, resamples=0)) for one in wrong]
    print_way("wrong class", table["wrong class"])
    return table


def print_way(way: str, steps: list[dict[str, float]]) -> None:
    """One line a metric: its five values and whether they only get worse."""
    for metric in steps[0]:
        values = [step[metric] for step in steps]
        worse = -1 if metric.startswith(("prompted", "audio_inception")) else 1
        steady = all(worse * later >= worse * earlier for earlier, later in pairwise(values))
        shown = "  ".join(f"{value:9.4g}" for value in values)
        print(f"{way:13} {metric:42} {shown}  {'monotone' if steady else 'NOT monotone'}", flush=True)


def main() -> None:
    """Prints the ladder for each embedder."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.metrics.degradations", description=__doc__)
    parser.add_argument("reference", type=Path, help="folder with a metadata.csv that has labels")
    parser.add_argument("--embedders", default="sd-audio-cnn-v1,logmel-stats-v1")
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    tables = {}
    for name in options.embedders.split(","):
        embedder = load(name)
        sounds = read_collection(options.reference)
        chosen = sounds[:: max(1, len(sounds) // options.clips)][: options.clips]
        tables[name] = ladder(embedder, embed_set(chosen, embedder))
    if options.out:
        json_file.write(options.out, tables)


if __name__ == "__main__":
    main()
