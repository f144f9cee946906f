"""What an ear understands, measured on clips that neither it nor its base has learned from."""

import numpy as np
import torch

from dataset_builder.soundscapes import composer
from dataset_builder.soundscapes.synthesis import captions
from dataset_builder.soundscapes.synthesis.catalogue import CATALOGUE, CLASSES
from spectrogram.codec import SpectrogramCodec
from spectrogram.params import SpectrogramParams
from training.base_model import recordings
from training.base_model.corpus import row_of
from training.base_model.ear.ear import agreement
from training.base_model.recordings import RATE_HZ

FRESH_SEED = 424_242
TEN = (
    "chainsaw", "clock_tick", "crackling_fire", "crying_baby", "dog_bark",
    "helicopter", "rain", "rooster", "sea_waves", "sneezing",
)  # fmt: skip


def class_rows(ear, labels):
    """One unit row a class: the mean of its wordings', of training and unseen, shape (classes, d)."""
    rows = [
        ear.embed_texts([*CATALOGUE[label].phrases, CATALOGUE[label].unseen_phrase]).mean(dim=0) for label in labels
    ]
    return torch.nn.functional.normalize(torch.stack(rows), dim=-1).numpy()


def mean_average_precision(scores, relevant):
    """Mean over queries of the average precision; scores and relevant are (queries, clips)."""
    values = []
    for own, good in zip(scores, relevant, strict=True):
        ranked = good[np.argsort(-own)]
        hits = np.flatnonzero(ranked)
        values.append(np.mean(np.arange(1, len(hits) + 1) / (hits + 1)))
    return float(np.mean(values))


def real_figures(ear, held_out):
    """Zero-shot accuracy and retrieval on recordings; ``held_out``: Recording list."""
    read = recordings.reader()
    clips = np.concatenate([ear.embed_audio(read(one)[None], RATE_HZ).numpy() for one in held_out])
    labels = np.array([one.label for one in held_out])
    ten = np.isin(labels, TEN)
    every, small = class_rows(ear, CLASSES), class_rows(ear, TEN)
    present = sorted(set(labels))
    queries = ear.embed_texts([CATALOGUE[label].unseen_phrase for label in present]).numpy() @ clips.T
    relevant = np.array([labels == label for label in present])
    first = np.take_along_axis(relevant, np.argmax(queries, axis=1)[:, None], axis=1)
    return {
        "clips": len(labels),
        "recordings": len({one.source_id for one in held_out}),
        f"right_class_of_{len(CLASSES)}": float(np.mean(np.array(CLASSES)[(clips @ every.T).argmax(axis=1)] == labels)),
        "right_class_of_esc10": float(np.mean(np.array(TEN)[(clips[ten] @ small.T).argmax(axis=1)] == labels[ten])),
        "text_to_sound_first_hit": float(first.mean()),
        "text_to_sound_map": mean_average_precision(queries, relevant),
        "text_to_sound_map_by_chance": float(relevant.mean()),
    }


def _other_order(scape):
    first, second = (CATALOGUE[event.label].phrases[0] for event in scape.events)
    return f"{first} followed by {second}", f"{second} followed by {first}"


def _other_value(scape, name):
    event = scape.events[0]
    value = dict(event.attributes)[name]
    opposite = next(v for v in composer.VALUES[name] if v != value)
    rng = np.random.default_rng(0)
    return tuple(captions.describe(rng, CATALOGUE[event.label].phrases[0], [(name, v)]) for v in (value, opposite))


def _preferred(ear, pictures, pairs):
    """Share of pictures that are nearer to the first than to the second of their two prompts."""
    images = ear.embed_images(pictures).numpy()
    right, wrong = (ear.embed_texts([pair[k] for pair in pairs]).numpy() for k in (0, 1))
    return float(np.mean((images * (right - wrong)).sum(axis=1) > 0))


def composed_figures(ear, clips):
    """Retrieval among fresh soundscapes, and whether order, pitch and pace words are told from their opposites."""
    codec = SpectrogramCodec(SpectrogramParams.from_model(ear.base))
    scapes = [composer.compose(FRESH_SEED, i, pair_share=0.3, spoken_share=0.55) for i in range(clips)]
    pictures = np.stack([np.asarray(codec.encode(s.audio[None], RATE_HZ))[..., 0] for s in scapes])
    scores = ear.embed_texts([s.captions[0] for s in scapes]).numpy() @ ear.embed_images(pictures).numpy().T
    fits = agreement([row_of(s) for s in scapes]).T > 0
    ranked = np.take_along_axis(fits, np.argsort(-scores, axis=1), axis=1)
    figures = {"clips": clips} | {f"text_to_sound_recall_{k}": float(ranked[:, :k].any(axis=1).mean()) for k in (1, 5)}
    ordered = [i for i, s in enumerate(scapes) if s.events[-1].onset_s > 0]
    figures["order_told"] = _preferred(ear, pictures[ordered], [_other_order(scapes[i]) for i in ordered])
    for name in composer.VALUES:
        own = [i for i, s in enumerate(scapes) if len(s.events) == 1 and name in dict(s.events[0].attributes)]
        figures[f"{name}_told"] = _preferred(ear, pictures[own], [_other_value(scapes[i], name) for i in own])
    return figures
