"""The classifier read from disk: NAME.safetensors and NAME.json, the card that says what it is."""

import hashlib
import json
from pathlib import Path

import torch
from safetensors.torch import load_file

from metrics.embedders.sound_cnn_network import SoundNet
from spectrogram.problems import Problem


class WeightsProblem(Problem):
    """Weights that are missing, changed or of another network."""


def read_card(folder, name: str) -> dict:
    """The card, without the weights."""
    path = Path(folder) / f"{name}.json"
    if not path.is_file():
        raise WeightsProblem(
            f"{path} does not exist", "the card beside the weights", "train with metrics.judge_training.train"
        )
    return json.loads(path.read_text(encoding="utf-8"))


def load(folder, name: str) -> tuple[SoundNet, dict]:
    """The network in evaluation mode and its card; refused when the weights are not those of the card."""
    card = read_card(folder, name)
    weights = Path(folder) / f"{name}.safetensors"
    if hashlib.sha256(weights.read_bytes()).hexdigest() != card["sha256"]:
        raise WeightsProblem(f"{weights} has another sha256 than its card", card["sha256"], "fetch the file again")
    model = SoundNet(len(card["classes"]))
    model.load_state_dict({key: value.float() for key, value in load_file(weights).items()}, strict=False)
    return model.eval().to(memory_format=torch.channels_last), card
