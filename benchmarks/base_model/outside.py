"""What an ear from outside hears on each step from a real recording to a prompt's sound, by class and on average.

Real recordings that the base never heard; the same through the codec; through codec and VAE; the clips that the project
synthesises; and what the base paints for its prompts, half of them in wordings that it never saw.
"""

from collections import defaultdict

import numpy as np
import torch

from benchmarks.base_model.clips import BATCH, class_prompts
from dataset_builder.soundscapes.composer import RATE_HZ, SECONDS, finish, render_event
from dataset_builder.soundscapes.synthesis.catalogue import CATALOGUE, CLASSES
from metrics.embedders.outside_ear import table
from spectrogram.codec import SpectrogramCodec
from spectrogram.files.audio import read_audio
from training.base_model import recordings

ORIGINALS_SEED = 556_000
STEPS = ("real", "codec", "vae", "originals", "base")
NAMES = {
    "real": "real recordings, held out", "codec": "the same through the codec", "vae": "… and through the VAE",
    "originals": "synthesised clips", "base": "the base model",
}  # fmt: skip


def held_out(folders, share, per_class):
    """Up to ``per_class`` recordings of each class that the base never heard, as many sources as there are."""
    by_label = defaultdict(lambda: defaultdict(list))
    for recording in recordings.find_held(folders, share):
        by_label[recording.label][recording.source_id].append(recording)
    chosen = []
    for label in CLASSES:
        sources = [by_label[label][source] for source in sorted(by_label[label])]
        turns = [own[turn] for turn in range(max(map(len, sources), default=0)) for own in sources if turn < len(own)]
        chosen += turns[:per_class]
    return chosen


def through_vae(vae, pictures):
    """Pictures uint8 (n, rows, columns, 3) after encoder and decoder of a VAE, rounded to bytes."""
    out = []
    with torch.no_grad():
        for start in range(0, len(pictures), BATCH):
            x = torch.from_numpy(np.stack(pictures[start : start + BATCH])).permute(0, 3, 1, 2).float() / 127.5 - 1
            painted = vae.decode(vae.encode(x.to(vae.dtype)).latent_dist.mode()).sample.float().clamp(-1, 1)
            out += list(((painted + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy())
    return out


def recorded_steps(pipeline, chosen):
    """{step: [(audio, rate)]} of recordings as they are, after the codec, and after codec and VAE."""
    codec, rate_hz = SpectrogramCodec(pipeline.params), pipeline.params.sample_rate_hz
    real = [read_audio(one.path, rate_hz, 1)[0][0, : pipeline.params.clip_samples] for one in chosen]
    pictures = [codec.encode(audio[None], rate_hz) for audio in real]
    spoiled = through_vae(pipeline.vae, [np.asarray(picture) for picture in pictures])
    decoded = {"codec": pictures, "vae": spoiled}
    return {"real": [(audio, rate_hz) for audio in real]} | {
        name: [(codec.decode(picture)[0][0], rate_hz) for picture in own] for name, own in decoded.items()
    }


def originals(per_class):
    """(labels, [(audio, rate)]) of the classes that are taught by synthesised clips too."""
    labels = [label for label in CLASSES if not CATALOGUE[label].recorded for _ in range(per_class)]
    sounds = []
    for number, label in enumerate(labels):
        rng = np.random.default_rng([ORIGINALS_SEED, number])
        sounds.append((finish(rng, render_event(rng, label, SECONDS, ())[0]), RATE_HZ))
    return labels, sounds


def painted(pipeline, per_class, seed):
    """(labels, [(audio, rate)]) of the base for every class."""
    clips, sounds = class_prompts(CLASSES, per_class), []
    pipeline.set_progress_bar_config(disable=True)
    for start in range(0, len(clips), BATCH):
        prompts = [clip.prompt for clip in clips[start : start + BATCH]]
        for audio in pipeline(prompts, seed=seed + start).audios:
            sounds.append((np.asarray(audio).mean(axis=0), pipeline.params.sample_rate_hz))
    return [clip.label for clip in clips], sounds


def measure(ear, pipeline, folders, share, per_class, seed):
    """{step: table}; the steps from recordings are left out where no folder holds any."""
    chosen = held_out(folders, share, per_class)
    sets = {name: ([one.label for one in chosen], own) for name, own in recorded_steps(pipeline, chosen).items()}
    sets = (sets if chosen else {}) | {"originals": originals(per_class), "base": painted(pipeline, per_class, seed)}
    return {
        name: table(ear, labels, [ear.scores(*sound) for sound in sounds]) for name, (labels, sounds) in sets.items()
    }


def rows(result):
    """Lines of text: macro figures of each step, then the base's classes from the worst."""
    lines = [
        f"{NAMES[name]}: top-5 {own['top5']:.2f}, AUC {own['auc']:.3f} ({own['clips']} clips)"
        for name, own in result.items()
    ]
    worst = sorted(result["base"]["by_class"].items(), key=lambda pair: (pair[1]["top5"], pair[1]["auc"]))
    return [*lines, *(f"  {label}: top-5 {own['top5']:.2f}, AUC {own['auc']:.2f}" for label, own in worst)]
