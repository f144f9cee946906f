"""`panns-cnn14-16k` and `panns-cnn14-32k`: 2048 numbers and 527 AudioSet logits a clip, from a local checkpoint.

Network: Kong et al., 2020. Weights: `Cnn14_16k_mAP=0.438.pth` and `Cnn14_mAP=0.431.pth`, Zenodo record 3987831.
"""

from itertools import pairwise

import numpy as np
import torch
from torch import nn

from metrics.embedders.front_ends import PANNS_SETTINGS, panns_log_mel
from metrics.embedders.interface import Analysis, Embedder
from metrics.embedders.local_weights import file_sha256, fill, read_tensors, require_weights

WIDTHS = (1, 64, 128, 256, 512, 1024, 2048)
AUDIOSET_CLASSES = 527


class Block(nn.Module):
    """Two convolutions and an average pooling."""

    def __init__(self, into: int, out: int, pool: int):
        super().__init__()
        self.conv1 = nn.Conv2d(into, out, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(out), nn.BatchNorm2d(out)
        self.pool = nn.AvgPool2d(pool)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Half as many frames and bands, except in the last block."""
        return self.pool(torch.relu(self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(hidden)))))))


class Cnn14(nn.Module):
    """Log-mels (n, frames, 64) to embeddings (n, widths[-1]) and logits (n, classes)."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS, classes: int = AUDIOSET_CLASSES):
        super().__init__()
        self.bn0 = nn.BatchNorm2d(64)
        for number, (into, out) in enumerate(pairwise(widths), start=1):
            self.add_module(f"conv_block{number}", Block(into, out, 2 if number < len(widths) - 1 else 1))
        self.fc1 = nn.Linear(widths[-1], widths[-1])
        self.fc_audioset = nn.Linear(widths[-1], classes)
        self._blocks = len(widths) - 1

    def forward(self, log_mel: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Embeddings after the ReLU of fc1, and logits before the sigmoid."""
        hidden = self.bn0(log_mel[:, None].transpose(1, 3)).transpose(1, 3)
        for number in range(1, self._blocks + 1):
            hidden = getattr(self, f"conv_block{number}")(hidden)
        over_bands = hidden.mean(dim=3)
        embedding = torch.relu(self.fc1(over_bands.amax(dim=2) + over_bands.mean(dim=2)))
        return embedding, self.fc_audioset(embedding)


class Panns(Embedder):
    """The embedder of FD, KL and IS in text-to-audio papers; classes are numbered as in AudioSet's table."""

    version = "Cnn14"
    dimensions = 2048
    rows_of = "clip"
    classes = tuple(f"audioset:{number}" for number in range(AUDIOSET_CLASSES))

    def __init__(self, weights: str | None, sample_rate_hz: int = 16000):
        self.name = f"panns-cnn14-{sample_rate_hz // 1000}k"
        self.sample_rate_hz = sample_rate_hz
        self.hop_s = PANNS_SETTINGS[sample_rate_hz][1] / sample_rate_hz
        path = require_weights(self.name, weights, "a Cnn14 checkpoint of PANNs (Zenodo record 3987831)")
        self._network = fill(Cnn14(), read_tensors(path), path)
        self.sha256 = file_sha256(path)

    def analyse(self, audio: np.ndarray) -> Analysis:
        """Embedding (1, 2048) and logits (527,) of mono audio."""
        log_mel = torch.from_numpy(panns_log_mel(audio, self.sample_rate_hz)).float()
        with torch.inference_mode():
            embedding, logits = self._network(log_mel[None])
        return Analysis(embedding.double().numpy(), logits[0].double().numpy())
