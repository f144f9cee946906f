"""Weights that do not come with this project: a file or folder on this machine, read without running any code of it."""

import hashlib
import pickle
from pathlib import Path

import torch
from safetensors.torch import load_file

from spectrogram.problems import Problem


class MissingWeights(Problem):
    """An embedder was asked for whose weights are not here, or whose weights do not fit."""


def require_weights(embedder: str, given: str | None, where_from: str) -> Path:
    """The path that was given, or an error that says where such weights come from."""
    if given is None or not Path(given).exists():
        found = "no weights were given" if given is None else f"{given} does not exist"
        raise MissingWeights(
            f"{embedder}: {found}", where_from, "fetch them once and pass weights=PATH (--weights PATH)"
        )
    return Path(given)


def file_sha256(path: Path) -> str:
    """SHA-256 of a weights file; of a folder, that of its safetensors files in order of name."""
    files = sorted(path.glob("*.safetensors")) if path.is_dir() else [path]
    if not files:
        raise MissingWeights(f"{path} holds no .safetensors", "a model folder in safetensors", "convert the checkpoint")
    digest = hashlib.sha256()
    for file in files:
        with open(file, "rb") as opened:
            while block := opened.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def read_tensors(path: Path) -> dict:
    """{name: tensor} from .safetensors, or from .pth with everything but tensors refused; a "model" level is opened."""
    if path.suffix == ".safetensors":
        return load_file(path)
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise MissingWeights(
            f"{path} is refused ({str(error).splitlines()[0][:120]})",
            "a checkpoint that holds tensors only",
            "convert it to safetensors where you trust it",
        ) from error
    return tensors.get("model", tensors)


def fill(network, tensors: dict, path: Path):
    """The network in evaluation mode with these tensors; an error that names the first one missing or misshapen."""
    wanted = {name: value for name, value in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    for name, value in wanted.items():
        if name not in tensors or tensors[name].shape != value.shape:
            found = tuple(tensors[name].shape) if name in tensors else "nothing"
            raise MissingWeights(
                f"{path}: {found} for {name}", f"shape {tuple(value.shape)}", "use the right checkpoint"
            )
    network.load_state_dict({name: tensors[name].float() for name in wanted}, strict=False)
    return network.eval()
