"""The classifier on disk: NAME.safetensors (convolutions in float16) and NAME.json, the card that says what it is."""

import hashlib
import json
from pathlib import Path

from metrics.classifier.examples import Example
from metrics.classifier.features import BANDS, FAINTEST_DB, HOP_SAMPLES, RANGE_DB, RATE_HZ
from metrics.classifier.network import SoundNet
from spectrogram.problems import Problem


class WeightsProblem(Problem):
    """Weights that are missing, changed or of another network."""


def save(model: SoundNet, classes, folder, name: str, settings: dict, figures: dict, training: list[Example]) -> Path:
    """Writes both files and returns the card's path."""
    import torch
    from safetensors.torch import save_file

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / f"{name}.safetensors"
    tensors = {key: value for key, value in model.state_dict().items() if not key.endswith("num_batches_tracked")}
    halves = {key: value.to(torch.float16) if value.ndim > 1 else value for key, value in tensors.items()}
    save_file({key: value.contiguous() for key, value in halves.items()}, weights, metadata={"format": "pt"})
    weights.chmod(0o644)
    card = {
        "name": name,
        "version": "1",
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "classes": list(classes),
        "parameters": sum(value.numel() for value in model.parameters()),
        "front_end": {
            "rate_hz": RATE_HZ,
            "hop_samples": HOP_SAMPLES,
            "bands": BANDS,
            "range_db": RANGE_DB,
            "faintest_db": FAINTEST_DB,
        },
        "settings": settings,
        "training_clips": len(training),
        "data_credits": _credits(training),
    } | figures
    path = folder / f"{name}.json"
    path.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def read_card(folder, name: str) -> dict:
    """The card, without the weights."""
    path = Path(folder) / f"{name}.json"
    if not path.is_file():
        raise WeightsProblem(
            f"{path} does not exist", "the card beside the weights", "train with metrics.train_classifier"
        )
    return json.loads(path.read_text(encoding="utf-8"))


def load(folder, name: str) -> tuple[SoundNet, dict]:
    """The network in evaluation mode and its card; refused when the weights are not those of the card."""
    from safetensors.torch import load_file

    card = read_card(folder, name)
    weights = Path(folder) / f"{name}.safetensors"
    if hashlib.sha256(weights.read_bytes()).hexdigest() != card["sha256"]:
        raise WeightsProblem(f"{weights} has another sha256 than its card", card["sha256"], "fetch the file again")
    import torch

    model = SoundNet(len(card["classes"]))
    model.load_state_dict({key: value.float() for key, value in load_file(weights).items()}, strict=False)
    return model.eval().to(memory_format=torch.channels_last), card


def _credits(training: list[Example]) -> list[str]:
    composed = sum(not example.real for example in training)
    real = sorted({example.credit for example in training if example.real})
    return ([f"{composed} clips synthesised by this project, CC0 1.0"] if composed else []) + real
