"""The trained classifier as files: NAME.safetensors (convolutions in float16) and NAME.json, the card."""

import hashlib
from pathlib import Path

import torch
from safetensors.torch import save_file

from metrics.embedders.sound_cnn_features import BANDS, FAINTEST_DB, HOP_SAMPLES, RANGE_DB, RATE_HZ
from metrics.embedders.sound_cnn_network import SoundNet
from metrics.judge_training.examples import Example
from spectrogram.files import json_file


def save(model: SoundNet, classes, folder, name: str, settings: dict, figures: dict, training: list[Example]) -> Path:
    """Writes both files and returns the card's path."""
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
    json_file.write(path, card)
    return path


def _credits(training: list[Example]) -> list[str]:
    composed = sum(not example.real for example in training)
    real = sorted({example.credit for example in training if example.real})
    return ([f"{composed} clips synthesised by this project, CC0 1.0"] if composed else []) + real
