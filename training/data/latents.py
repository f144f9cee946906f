"""Latents and text embeddings of a dataset, computed once, so that VAE and text encoder can leave memory.

The cache is one safetensors file, named by what made it: the pictures, the captions, the VAE and the text encoder.
Mean and deviation are kept, so that every step draws a new latent.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from spectrogram import json_text
from spectrogram.files import atomic

# Pictures of the embedded base that go through the VAE at once, and the size of one of them in pixels.
BATCH = 16
SMALL_PIXELS = 128 * 256


def clips_at_once(height: int, width: int, small: int, vram: int = 0) -> int:
    """Pictures that go through a network at once: ``small`` of the embedded base's size, fewer of larger ones.

    Under a memory limit below 24 GB it is one at a time.
    """
    return 1 if 0 < vram < 24 else max(1, small * SMALL_PIXELS // (height * width))


@dataclass
class Cache:
    """Tensors of a dataset: mean, std (clips, copies, c, h, w); text (wordings, tokens, width); each clip's wordings.

    ``texts`` are the wordings themselves, ``key`` says what the cache was made of. ``heard`` (clips, copies, w) is 0
    where a clip that is shorter than the picture was filled up with silence, else 1.
    """

    mean: object
    std: object
    text: object
    texts: list[str]
    wordings: list[list[int]]
    empty: int
    key: str
    heard: object

    def draw(self, indices, generator, dropout=0.0):
        """(latents, text embeddings) of some clips: a new latent each, one of its wordings, or the empty prompt."""
        latents, rows, _ = self.draw_rows(indices, generator, dropout)
        return latents, self.text[rows].float()

    def draw_rows(self, indices, generator, dropout=0.0):
        """(latents, numbers of wordings, heard (clips, w)): the same draw before the words are looked up."""
        copy = torch.randint(self.mean.shape[1], (len(indices),), generator=generator)
        mean, std = self.mean[indices, copy].float(), self.std[indices, copy].float()
        latents = mean + std * torch.randn(mean.shape, generator=generator)
        rows = []
        for index in indices.tolist():
            options = self.wordings[index]
            pick = int(torch.randint(len(options), (1,), generator=generator))
            dropped = float(torch.rand(1, generator=generator)) < dropout
            rows.append(self.empty if dropped else options[pick])
        return latents, rows, self.heard[indices, copy]

    def fixed(self, indices):
        """(mean latents, embeddings of the first wording): what validation uses."""
        latents, rows, _ = self.fixed_rows(indices)
        return latents, self.text[rows].float()

    def fixed_rows(self, indices):
        """(mean latents, numbers of the first wordings, heard) of the clips as they are, without a shift."""
        rows = [self.wordings[i][0] for i in indices.tolist()]
        return self.mean[indices, 0].float(), rows, self.heard[indices, 0]

    def extend(self, latents, text, texts, std=None):
        """Numbers of new clips, one for each of latents (n, c, h, w) with its own wording; ``std`` None is none."""
        first, known = len(self.wordings), len(self.texts)
        mean = latents.half()[:, None].expand(-1, self.mean.shape[1], -1, -1, -1)
        self.mean = torch.cat([self.mean, mean])
        spread = torch.zeros_like(mean) if std is None else std.half()[:, None].expand_as(mean)
        self.std = torch.cat([self.std, spread])
        self.heard = torch.cat([self.heard, torch.ones(len(mean), *self.heard.shape[1:])])
        self.text = torch.cat([self.text, text.half()])
        self.texts = [*self.texts, *texts]
        self.wordings = [*self.wordings, *([known + n] for n in range(len(texts)))]
        return np.arange(first, first + len(texts))


def fingerprint_weights(module):
    """sha256 over names, shapes and values of a module's weights, 16 hex characters."""
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().float().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


def _key(pictures, captions, vae, text_encoder, variants, shifts):
    digest = hashlib.sha256(pictures.tobytes())
    digest.update(json_text.dumps([captions, variants, shifts.tolist()], ensure_ascii=False).encode())
    return f"{digest.hexdigest()[:16]}-{fingerprint_weights(vae)}-{fingerprint_weights(text_encoder)}"


def encode_pictures(vae, pictures, progress, vram=0):
    """Scaled latent mean and deviation of uint8 (clips, height, width, 3) pictures; inputs are in [-1, 1], asserted."""
    means, stds, batch = [], [], clips_at_once(*pictures.shape[1:3], BATCH, vram)
    for start in range(0, len(pictures), batch):
        x = (
            torch.from_numpy(pictures[start : start + batch]).permute(0, 3, 1, 2).to(vae.device, torch.float32) / 127.5
            - 1
        )
        if x.min() < -1 or x.max() > 1:
            raise ValueError(f"VAE input spans {x.min():.2f}..{x.max():.2f}: expected -1..1; give 8-bit pictures")
        posterior = vae.encode(x.to(vae.dtype)).latent_dist
        means.append((posterior.mean * vae.config.scaling_factor).half().cpu())
        stds.append((posterior.std * vae.config.scaling_factor).half().cpu())
        progress(min(start + batch, len(pictures)), len(pictures))
    return torch.cat(means).contiguous(), torch.cat(stds).contiguous()


def encode_texts(tokenizer, text_encoder, texts):
    """Embeddings (texts, tokens, width) as Stable Diffusion's pipelines compute them."""
    found = []
    for start in range(0, len(texts), 64):
        ids = tokenizer(
            texts[start : start + 64], padding="max_length", truncation=True,
            max_length=tokenizer.model_max_length, return_tensors="pt",
        ).input_ids  # fmt: skip
        found.append(text_encoder(ids.to(text_encoder.device))[0].half().cpu())
    return torch.cat(found)


def time_shifts(clips, variants, columns, seed):
    """Columns by which each copy of each clip is turned in time, (clips, variants); the first copy is the clip itself.

    A turn moves what leaves at the end to the start, so nothing of a recording is lost and no silence is added.
    """
    shifts = np.random.default_rng([seed, 3]).integers(columns, size=(clips, variants))
    shifts[:, 0] = 0
    return shifts


def turn(pictures, shifts):
    """Pictures (clips, height, width, 3), each turned to the right by its own number of columns."""
    return np.stack([np.roll(picture, int(shift), axis=1) for picture, shift in zip(pictures, shifts, strict=True)])


def heard_columns(pictures, shifts, width):
    """float32 (clips, variants, width): 1 where a column of latents holds sound, 0 where it holds padding alone.

    Padding is what stands at the end of a picture (clips, height, columns, 3), every pixel as silence is painted, black
    or white; it turns with the picture. A picture of nothing but silence is heard as a whole.
    """
    last = pictures[:, :1, -1:, :1]
    silent = np.isin(last, (0, 255)).reshape(-1, 1) & (pictures == last).all(axis=(1, 3))
    padding = np.flip(np.logical_and.accumulate(np.flip(silent, axis=1), axis=1), axis=1)
    padding &= ~padding.all(axis=1, keepdims=True)
    turned = np.stack([[np.roll(own, int(shift)) for shift in row] for own, row in zip(padding, shifts, strict=True)])
    heard = ~turned.reshape(*turned.shape[:2], width, -1).all(axis=-1)
    return torch.from_numpy(heard.astype(np.float32))


def _encode_variants(vae, pictures, shifts, progress, vram):
    """Means and deviations (clips, variants, c, h, w)."""
    found, total = [], shifts.size
    for number in range(shifts.shape[1]):
        turned = turn(pictures, shifts[:, number]) if number else pictures
        done = number * len(pictures)
        found.append(encode_pictures(vae, turned, lambda now, _, done=done: progress(done + now, total), vram))
    return (torch.stack(parts, dim=1).contiguous() for parts in zip(*found, strict=True))


def cache(folder, pictures, captions, vae, tokenizer, text_encoder, progress=lambda done, total: None,
          variants=1, seed=0, device=None, vram=0):  # fmt: skip
    """The Cache of pictures uint8 (clips, height, width, 3) with lists of captions; computed, or read from disk.

    ``device`` is where the two networks compute, one after the other; ``vram`` the gigabytes that they keep to.
    """
    texts = sorted({text for wordings in captions for text in wordings} | {""})
    number = {text: i for i, text in enumerate(texts)}
    shifts = time_shifts(len(pictures), variants, pictures.shape[2], seed)
    key = _key(pictures, captions, vae, text_encoder, variants, shifts)
    path = Path(folder) / f"{key}.safetensors"
    if path.exists():
        tensors = load_file(path)
        progress(len(pictures), len(pictures))
    else:
        with torch.no_grad():
            progress(0, len(pictures))
            mean, std = _encode_variants(vae.to(device), pictures, shifts, progress, vram)
            vae.to("cpu")
            tensors = {"mean": mean, "std": std, "text": encode_texts(tokenizer, text_encoder.to(device), texts)}
            text_encoder.to("cpu")
        with atomic.replacing(path) as unfinished:
            save_file(tensors, unfinished)
    wordings = [[number[text] for text in options] for options in captions]
    heard = heard_columns(pictures, shifts, tensors["mean"].shape[-1])
    return Cache(tensors["mean"], tensors["std"], tensors["text"], texts, wordings, number[""], key, heard)


def split_rows(count, share, seed):
    """(training indices, validation indices) of a dataset without a validation split; at least one clip in each."""
    order = np.random.default_rng(seed).permutation(count)
    held = max(1, round(share * count)) if count > 1 else 0
    return np.sort(order[held:]), np.sort(order[:held])
