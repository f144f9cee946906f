"""`sd-audio-cnn-v1`: the small classifier trained in this project, as embedder (192 numbers a clip) and as judge."""

from pathlib import Path

import numpy as np
import torch

from metrics.embedders import sound_cnn_weights
from metrics.embedders.interface import Analysis, Embedder
from metrics.embedders.sound_cnn_features import RATE_HZ, log_mel_db, relative_levels

NAME = "sd-audio-cnn-v1"
FOLDER = Path(__file__).parent / "weights"


class SoundCnn(Embedder):
    """One row and one set of logits a clip; clips of any length, under one second padded with silence."""

    sample_rate_hz = RATE_HZ
    hop_s = 0.016
    rows_of = "clip"

    def __init__(self, folder: Path | str | None = None, name: str = NAME):
        self.network, self.card = sound_cnn_weights.load(folder or FOLDER, name)
        self.name, self.version, self.sha256 = self.card["name"], self.card["version"], self.card["sha256"]
        self.classes = tuple(self.card["classes"])
        self.dimensions = self.network.classes.in_features

    def analyse(self, audio: np.ndarray) -> Analysis:
        """Embedding (1, 192) and logits (classes,) of mono audio at 16 kHz."""
        levels = torch.from_numpy(relative_levels(log_mel_db(audio)))
        with torch.inference_mode():
            embedding, logits = self.network(levels[None])
        return Analysis(embedding.double().numpy(), logits[0].double().numpy())
