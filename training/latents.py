"""Latents and text embeddings of a dataset, computed once, so that VAE and text encoder can leave memory.

The cache is one safetensors file, named by what made it: the pictures, the captions, the VAE and the text encoder.
Mean and deviation are kept, so that every step draws a new latent.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

BATCH = 16


@dataclass
class Cache:
    """Tensors of a dataset: mean, std (clips, 4, h, w); text (wordings, tokens, width); the wordings of each clip."""

    mean: object
    std: object
    text: object
    wordings: list[list[int]]
    empty: int

    def draw(self, indices, generator, dropout=0.0):
        """(latents, text embeddings) of some clips: a new latent each, one of its wordings, or the empty prompt."""
        import torch

        mean, std = self.mean[indices].float(), self.std[indices].float()
        latents = mean + std * torch.randn(mean.shape, generator=generator)
        rows = []
        for index in indices.tolist():
            options = self.wordings[index]
            pick = int(torch.randint(len(options), (1,), generator=generator))
            dropped = float(torch.rand(1, generator=generator)) < dropout
            rows.append(self.empty if dropped else options[pick])
        return latents, self.text[rows].float()

    def fixed(self, indices):
        """(mean latents, embeddings of the first wording): what validation uses."""
        return self.mean[indices].float(), self.text[[self.wordings[i][0] for i in indices.tolist()]].float()


def fingerprint_weights(module):
    """sha256 over names, shapes and values of a module's weights, 16 hex characters."""
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().float().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


def _key(pictures, captions, vae, text_encoder):
    digest = hashlib.sha256(pictures.tobytes())
    digest.update(json.dumps(captions, ensure_ascii=False).encode())
    return f"{digest.hexdigest()[:16]}-{fingerprint_weights(vae)}-{fingerprint_weights(text_encoder)}"


def encode_pictures(vae, pictures, progress):
    """Scaled latent mean and deviation of uint8 (clips, height, width, 3) pictures; inputs are in [-1, 1], asserted."""
    import torch

    means, stds = [], []
    for start in range(0, len(pictures), BATCH):
        x = (
            torch.from_numpy(pictures[start : start + BATCH]).permute(0, 3, 1, 2).to(vae.device, torch.float32) / 127.5
            - 1
        )
        if x.min() < -1 or x.max() > 1:
            raise ValueError(f"VAE input spans {x.min():.2f}..{x.max():.2f}: expected -1..1; give 8-bit pictures")
        posterior = vae.encode(x.to(vae.dtype)).latent_dist
        means.append((posterior.mean * vae.config.scaling_factor).half().cpu())
        stds.append((posterior.std * vae.config.scaling_factor).half().cpu())
        progress(min(start + BATCH, len(pictures)), len(pictures))
    return torch.cat(means).contiguous(), torch.cat(stds).contiguous()


def encode_texts(tokenizer, text_encoder, texts):
    """Embeddings (texts, tokens, width) as Stable Diffusion's pipelines compute them."""
    import torch

    found = []
    for start in range(0, len(texts), 64):
        ids = tokenizer(
            texts[start : start + 64], padding="max_length", truncation=True,
            max_length=tokenizer.model_max_length, return_tensors="pt",
        ).input_ids  # fmt: skip
        found.append(text_encoder(ids.to(text_encoder.device))[0].half().cpu())
    return torch.cat(found)


def cache(folder, pictures, captions, vae, tokenizer, text_encoder, progress=lambda done, total: None):
    """The Cache of pictures uint8 (clips, height, width, 3) with lists of captions; computed, or read from disk."""
    import torch
    from safetensors.torch import load_file, save_file

    texts = sorted({text for wordings in captions for text in wordings} | {""})
    number = {text: i for i, text in enumerate(texts)}
    path = Path(folder) / f"{_key(pictures, captions, vae, text_encoder)}.safetensors"
    if path.exists():
        tensors = load_file(path)
        progress(len(pictures), len(pictures))
    else:
        with torch.no_grad():
            mean, std = encode_pictures(vae, pictures, progress)
            tensors = {"mean": mean, "std": std, "text": encode_texts(tokenizer, text_encoder, texts)}
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        save_file(tensors, partial)
        os.replace(partial, path)
    wordings = [[number[text] for text in options] for options in captions]
    return Cache(tensors["mean"], tensors["std"], tensors["text"], wordings, number[""])


def split_rows(count, share, seed):
    """(training indices, validation indices) of a dataset without a validation split; at least one clip in each."""
    order = np.random.default_rng(seed).permutation(count)
    held = max(1, round(share * count)) if count > 1 else 0
    return np.sort(order[held:]), np.sort(order[:held])
