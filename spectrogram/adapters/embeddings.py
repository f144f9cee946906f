"""Textual-inversion embeddings are strangers' files: safetensors only, of the model's width, finite, then loaded.

Read: diffusers' layout (one tensor under the word itself), the web UI's (``emb_params``) and the original one (``*``),
in which the word is the file's name.
"""

from dataclasses import dataclass
from pathlib import Path

import torch

from spectrogram.adapters.kinds import WORD, AdapterProblem
from spectrogram.adapters.safetensors_file import read_header, read_tensors

WEBUI_KEYS = ("emb_params", "clip_l")
PLACEHOLDERS = ("*", "string_to_param.*")
MOST_VECTORS = 75


@dataclass(frozen=True)
class WordEmbedding:
    """A checked embedding: the word that prompts use, and its vectors (n, width)."""

    word: str
    vectors: torch.Tensor


def read_embedding(path: str | Path, width: int) -> WordEmbedding:
    """The embedding in a file for a text encoder of ``width``; raises AdapterProblem before anything is loaded."""
    file = WORD.find(path)
    header = read_header(file)
    metadata = header.pop("__metadata__", {})
    wanted = [key for key in WEBUI_KEYS if key in header] or list(header)
    if len(wanted) != 1:
        raise AdapterProblem(f"{file.name} holds {len(header)} tensors", "one word's vectors", "name another file")
    shape = header[wanted[0]].get("shape") or []
    vectors = 1 if len(shape) == 1 else shape[0] if len(shape) == 2 else 0
    if not 1 <= vectors <= MOST_VECTORS or shape[-1] != width:
        raise AdapterProblem(
            f"{file.name} holds a tensor of shape {shape}",
            f"(vectors, {width}) for this base, at most {MOST_VECTORS} vectors",
            "use an embedding that was trained for this base",
        )
    tensor = read_tensors(file)[wanted[0]].float().reshape(vectors, width)
    return WordEmbedding(metadata.get("token") or _word_of(wanted[0], file), tensor)


def _word_of(key: str, file: Path) -> str:
    """The original files name their vectors "*", the web UI's `emb_params`: the word is then the file's name."""
    return file.stem if key in (*WEBUI_KEYS, *PLACEHOLDERS) else key.removeprefix("string_to_param.")
