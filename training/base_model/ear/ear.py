"""The ear of a base model: an image tower taught by contrast to agree with the base's frozen text encoder.

A caption fits a picture when it names the same sounds in the same relation. One that says all that is known fits
fully, one that leaves an attribute out fits half; every other caption of the batch is a counter-example, and so is the
caption with its two sounds in the other order, which no batch would offer by chance.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from dataset_builder.soundscapes.synthesis import captions
from spectrogram.ears.ear import fold, text_projection
from training.base_model import text
from training.loop.schedule import warm_flat_cosine

LESS_SAID = 0.5
LARGEST_SCALE = 50.0


@dataclass(frozen=True)
class EarSettings:
    """Size and training of an ear; the picture's size comes from the base."""

    width: int = 160
    layers: int = 4
    heads: int = 4
    patch: int = 16
    size: int = 128
    steps: int = 1200
    batch: int = 64
    rate: float = 1e-3
    real_share: float = 0.35
    seed: int = 11


def vision_config(settings, bands, columns):
    """CLIPVisionConfig's values for pictures (bands, columns) that ``fold`` makes square."""
    return {
        "hidden_size": settings.width,
        "intermediate_size": 4 * settings.width,
        "projection_dim": settings.size,
        "num_hidden_layers": settings.layers,
        "num_attention_heads": settings.heads,
        "num_channels": columns // bands,
        "image_size": bands,
        "patch_size": settings.patch,
    }


def meaning(row):
    """What a clip is, as comparable parts: its sounds in order, their relation, and the attributes that were spoken."""
    labels = tuple(row["labels"])
    relation = "" if len(labels) == 1 else ("then" if row["turn_s"] > 0 else "while")
    said = frozenset((k, name, value) for k, own in enumerate(row["attributes"]) for name, value in own)
    return (labels, relation), said


def agreement(rows):
    """How well caption j fits picture i, (n, n): 1 the same, LESS_SAID where it leaves attributes out, else 0."""
    parts = [meaning(row) for row in rows]
    return np.array(
        [
            [0.0 if mine[0] != other[0] or not other[1] <= mine[1] else 1.0 if mine[1] == other[1] else LESS_SAID
             for other in parts]
            for mine in parts
        ],
        dtype=np.float32,
    )  # fmt: skip


def augment(rng, pictures, rows):
    """Float (n, bands, columns) in [-1, 1]: other gain, a shift in time (single sounds), masked stripes, noise."""
    changed = pictures.astype(np.float32)
    for clip, row in zip(changed, rows, strict=True):
        if len(row["labels"]) == 1:
            clip[:] = np.roll(clip, rng.integers(clip.shape[1]), axis=1)
        clip += (clip > 0) * rng.uniform(-25, 20)
        if rng.random() < 0.3:
            clip[:] = np.maximum(clip, rng.normal(rng.uniform(20, 90), 12, clip.shape))
        if rng.random() < 0.5:
            start, width = rng.integers(clip.shape[0]), rng.integers(1, 16)
            clip[start : start + width] = 0
        if rng.random() < 0.4:
            start, width = rng.integers(clip.shape[1]), rng.integers(1, 32)
            clip[:, start : start + width] = 0
    return np.clip(changed, 0, 255) / 127.5 - 1


def pooled_captions(encoder, tokenizer, rows, batch=256):
    """The encoder's pooled output of every wording, float32 (clips, wordings, width); rows with fewer repeat theirs."""
    most = max(len(row["captions"]) for row in rows)
    texts = [row["captions"][k % len(row["captions"])] for row in rows for k in range(most)]
    with torch.inference_mode():
        pooled = torch.cat(
            [encoder(text.tokenize(tokenizer, texts[i : i + batch])).pooler_output for i in range(0, len(texts), batch)]
        )
    return pooled.reshape(len(rows), most, -1).clone()


def swapped_captions(encoder, tokenizer, rows):
    """({row number: index}, pooled (swapped, width)): one wording of each ordered pair in the other order."""
    texts, index = [], {}
    for number, row in enumerate(rows):
        other = next(filter(None, map(captions.swap, row["captions"])), None) if row["turn_s"] > 0 else None
        if other is not None:
            index[number] = len(texts)
            texts.append(other)
    if not texts:
        return index, None
    return index, pooled_captions(encoder, tokenizer, [{"captions": [one]} for one in texts])[:, 0]


def contrast(image_rows, text_rows, scale, wanted, false_rows=None):
    """Cross entropy of the similarities against the agreements, both ways (CLIP's loss with graded targets).

    ``false_rows``: further texts (m, d) that fit no picture.
    """
    logits = scale * image_rows @ text_rows.T
    to_image = torch.nn.functional.cross_entropy(logits.T, (wanted / wanted.sum(dim=0)).T)
    shares = wanted / wanted.sum(dim=1, keepdim=True)
    if false_rows is not None:
        logits = torch.cat([logits, scale * image_rows @ false_rows.T], dim=1)
        shares = torch.nn.functional.pad(shares, (0, len(false_rows)))
    return (torch.nn.functional.cross_entropy(logits, shares) + to_image) / 2


def train(settings, pictures, rows, encoder, tokenizer, progress=lambda done, total, value: None):
    """Config parts and weights of an ear: ({"vision", "text_width", "bands", "columns"}, {name: tensor})."""
    unit = partial(torch.nn.functional.normalize, dim=-1)
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    pooled = pooled_captions(encoder, tokenizer, rows)
    swapped, pooled_swapped = swapped_captions(encoder, tokenizer, rows)
    bands, columns = pictures.shape[1:]
    config = {"vision": vision_config(settings, bands, columns), "text_width": pooled.shape[-1]}
    config |= {"bands": bands, "columns": columns}
    vision = CLIPVisionModelWithProjection(CLIPVisionConfig(**config["vision"]))
    vision.set_attn_implementation("eager")
    project = text_projection(config)
    scale = torch.nn.Parameter(torch.tensor(np.log(10.0)).float())
    learned = [*vision.parameters(), *project.parameters(), scale]
    optimizer = torch.optim.AdamW(learned, lr=settings.rate, betas=(0.9, 0.98), weight_decay=0.05)
    real = np.array([row["real"] for row in rows])
    chances = np.full(len(rows), 1 / len(rows))
    if real.any():
        chances = np.where(real, settings.real_share / real.sum(), (1 - settings.real_share) / (~real).sum())
    for step in range(settings.steps):
        optimizer.param_groups[0]["lr"] = settings.rate * warm_flat_cosine(step, settings.steps, 50, 0.3)
        chosen = rng.choice(len(rows), settings.batch, p=chances)
        own = [rows[i] for i in chosen]
        pixels = torch.from_numpy(augment(rng, pictures[chosen], own))
        words = pooled[chosen, rng.integers(pooled.shape[1], size=len(chosen))]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            seen = vision(pixel_values=fold(pixels)).image_embeds
        false = [swapped[i] for i in chosen if i in swapped]
        value = contrast(
            unit(seen.float()),
            unit(project(words)),
            scale.exp().clamp(max=LARGEST_SCALE),
            torch.from_numpy(agreement(own)),
            unit(project(pooled_swapped[false])) if false else None,
        )
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        progress(step + 1, settings.steps, value.item())
    config["scale"] = round(float(scale.detach().exp().clamp(max=LARGEST_SCALE)), 3)
    weights = {f"vision.{name}": value for name, value in vision.state_dict().items()}
    weights |= {f"text_projection.{name}": value for name, value in project.state_dict().items()}
    return config, weights
