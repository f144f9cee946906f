"""The figures of the base model's benchmark, each a function of clips that were generated or are originals."""

from pathlib import Path

import numpy as np

from benchmarks.base_model import meters
from benchmarks.base_model.clips import ESC10, JUDGE_RATE_HZ, WORDS, Clip, originals, word_prompts
from dataset_builder.soundscapes.composer import RATE_HZ
from dataset_builder.soundscapes.synthesis.catalogue import TONAL
from metrics.judge_training.examples import read_examples
from spectrogram.files.audio import resample
from training.base_model import composing, recordings

CALIBRATION_SEED = 777_000
CALIBRATION_CLIPS = 6
TOLD_APART = 0.8  # share of originals that a meter must put on the right side to be trusted with a class


def heard(judge, clips):
    return [judge.hear(clip.sound) for clip in clips]


def accuracy(judge, clips):
    """Share of clips in which the judge hears the wanted class."""
    return float(np.mean([name == clip.label for name, clip in zip(heard(judge, clips), clips, strict=True)]))


def calibrate(kind, codec):
    """{class: (meter, threshold)} for the words of a kind, from originals through the codec; and the classes left out.

    A class is left out where no meter tells its own originals apart: there nothing could be said of generated ones.
    """
    less, more = WORDS[kind]
    kept, left = {}, []
    for label in dict.fromkeys(clip.label for clip in word_prompts(kind, 1)):
        sides = [
            [c.sound for c in originals([Clip(label, value=(kind, value))] * CALIBRATION_CLIPS, codec, seed)]
            for seed, value in ((CALIBRATION_SEED, less), (CALIBRATION_SEED + 1, more))
        ]
        meter, threshold, right = meters.best_meter(meters.METERS[kind], *sides)
        if right >= TOLD_APART:
            kept[label] = (meter, threshold)
        else:
            left.append(label)
    return kept, left


def obeyed(clips, gauges, kind):
    """{value: share of clips on the word's side of their class's threshold} and the same by class."""
    right = {value: [] for value in WORDS[kind]}
    by_class = {}
    for clip in (clip for clip in clips if clip.label in gauges):
        meter, threshold = gauges[clip.label]
        ok = (meter(clip.sound) >= threshold) == (clip.value[1] == WORDS[kind][1])
        right[clip.value[1]].append(ok)
        by_class.setdefault(clip.label, []).append(ok)
    return {v: float(np.mean(ok)) for v, ok in right.items()}, {c: float(np.mean(ok)) for c, ok in by_class.items()}


def ordered(judge, clips):
    """Share of "A followed by B" in which A is heard before the turn and B after it."""
    return float(np.mean([judge.halves(clip.sound) == (clip.label, clip.second) for clip in clips]))


def both(judge, clips):
    """Share of "A while B" whose two most likely classes are A and B."""
    return float(np.mean([judge.two(clip.sound) == {clip.label, clip.second} for clip in clips]))


def diversity(judge, clips):
    """Mean distance in the judge's embedding between clips of one prompt that differ in the seed alone."""
    by_prompt = {}
    for clip in clips:
        by_prompt.setdefault(clip.prompt, []).append(judge.analyse(clip.sound)[0])
    distances = [
        np.linalg.norm(rows[i] - rows[j]) for rows in by_prompt.values() for i in range(len(rows)) for j in range(i)
    ]
    return float(np.mean(distances))


def training_grids(codec, clips, settings, folders=()):
    """Small pictures of ``clips`` clips that taught the base; without its recordings' folders only synthesised ones."""
    scapes = (
        composing.compose(settings, folders[0].parent if folders else Path(), None, index) for index in range(clips)
    )
    audios = [scape.audio[None] for scape in scapes if len(scape.events) == 1]
    pictures = (np.asarray(codec.encode(audio.astype(np.float32), RATE_HZ))[..., 0] for audio in audios)
    return np.stack([meters.small(picture) for picture in pictures])


def likeness(clips, grids):
    """Median and largest likeness of the clips to their nearest training clip, -1..1."""
    values = meters.nearest_likeness([meters.small(clip.picture) for clip in clips], grids)
    return {"median": float(np.median(values)), "largest": float(values.max())}


def ridge_seconds(clips, step_s):
    """Mean length in seconds of the lines in tonal clips, and by class."""
    by_class = {}
    for clip in clips:
        if clip.label in TONAL:
            by_class.setdefault(clip.label, []).append(meters.ridge_seconds(clip.picture, step_s))
    means = {label: float(np.mean(values)) for label, values in by_class.items()}
    return float(np.mean(list(means.values()))), means


def recorded(judge, codec, folders, share):
    """Accuracy on ESC-10's classes in recordings that neither base nor judge has heard; None without any.

    As they are and through the codec. Whatever judge is asked, its training held these out by the same hash.
    """
    folders = [folder for folder in folders if (folder / "metadata.csv").is_file()]
    unheard = {e.path for e in read_examples(folders, least_clips=1)[0] if e.held_out} if folders else set()
    unheard -= {one.path for one in recordings.find(folders, share)}
    others = [one for one in recordings.find(folders, 1.0) if one.path in unheard and one.label in ESC10]
    if not others:
        return None
    read, plain, coded = recordings.reader(), [], []
    for one in others:
        audio = read(one)[None].astype(np.float32)
        plain.append(Clip(one.label, sound=resample(audio, RATE_HZ, JUDGE_RATE_HZ)[0]))
        sound, rate_hz = codec.decode(codec.encode(audio, RATE_HZ))
        coded.append(Clip(one.label, sound=resample(sound, rate_hz, JUDGE_RATE_HZ)[0]))
    return {"clips": len(others), "as_they_are": accuracy(judge, plain), "through_codec": accuracy(judge, coded)}
