"""Textual-inversion embeddings are strangers' files: safetensors only, of the model's width, finite, then loaded.

Read: diffusers' layout (one tensor under the word itself) and the web UI's (``emb_params``; the word is the file's
name).
"""

from dataclasses import dataclass
from pathlib import Path

from spectrogram.adapters.lora import AdapterProblem, read_header

WEBUI_KEYS = ("emb_params", "clip_l")
MOST_VECTORS = 75


@dataclass(frozen=True)
class WordEmbedding:
    """A checked embedding: the word that prompts use, and its vectors (n, width)."""

    word: str
    vectors: object


def find_embedding(path: str | Path) -> Path:
    """The embedding file that a path means: itself, or learned_embeds.safetensors in the folder that training wrote."""
    path = Path(path)
    file = path / "learned_embeds.safetensors" if path.is_dir() else path
    if not file.is_file():
        raise AdapterProblem(
            f"embedding {path} does not exist", "runs/NAME or a .safetensors file", "check --embedding"
        )
    if file.suffix.lower() != ".safetensors":
        raise AdapterProblem(
            f"{file.name} is not a .safetensors file",
            "safetensors, because other formats can run code when they are loaded",
            "convert it once with python -m training convert FILE",
        )
    return file


def read_embedding(path: str | Path, width: int) -> WordEmbedding:
    """The embedding in a file for a text encoder of ``width``; raises AdapterProblem before anything is loaded."""
    import torch
    from safetensors.torch import load_file

    file = find_embedding(path)
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
    tensor = load_file(file)[wanted[0]].float().reshape(vectors, width)
    if not torch.isfinite(tensor).all():
        raise AdapterProblem(f"{file.name} holds NaN or infinity", "finite vectors", "train it again, lower the rate")
    named = wanted[0] if wanted[0] not in WEBUI_KEYS else file.stem
    return WordEmbedding(metadata.get("token", named), tensor)
