"""`vggish`: 128 numbers per 0.96 s patch, before the last ReLU and without PCA, as the torch ports of FAD use it.

The TensorFlow original steps by 0.5 s, scales clips above 0.1 to full scale and quantises; its figures differ.
Network: Hershey et al., 2017. Weights: `vggish-10086976.pth` of the torchvggish project, from a local file.
"""

import numpy as np
import torch
from torch import nn

from metrics.embedders.front_ends import VGGISH_RATE_HZ, vggish_patches
from metrics.embedders.interface import Analysis, Embedder
from metrics.embedders.local_weights import file_sha256, fill, read_tensors, require_weights

WIDTHS = (64, "pool", 128, "pool", 256, 256, "pool", 512, 512, "pool")


class VggishNet(nn.Module):
    """Patches (n, 96, 64) to embeddings (n, 128)."""

    def __init__(self):
        super().__init__()
        layers, into = [], 1
        for width in WIDTHS:
            if width == "pool":
                layers.append(nn.MaxPool2d(2))
            else:
                layers += [nn.Conv2d(into, width, 3, padding=1), nn.ReLU(inplace=True)]
                into = width
        self.features = nn.Sequential(*layers)
        self.embeddings = nn.Sequential(
            nn.Linear(512 * 4 * 6, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 128)
        )

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        """Embeddings; the flattening goes frame, band, channel, as in TensorFlow."""
        hidden = self.features(patches[:, None])
        return self.embeddings(hidden.permute(0, 2, 3, 1).flatten(1))


class Vggish(Embedder):
    """The embedder of published Fréchet audio distances."""

    name, version = "vggish", "torch-port, no PCA, no final ReLU"
    sample_rate_hz = VGGISH_RATE_HZ
    hop_s = 0.96
    dimensions = 128
    rows_of = "window"

    def __init__(self, weights: str | None):
        path = require_weights(self.name, weights, "vggish-10086976.pth of torchvggish (GitHub release v0.1)")
        self._network = fill(VggishNet(), read_tensors(path), path)
        self.sha256 = file_sha256(path)

    def analyse(self, audio: np.ndarray) -> Analysis:
        """Rows (patches, 128) of mono audio at 16 kHz."""
        with torch.inference_mode():
            return Analysis(self._network(torch.from_numpy(vggish_patches(audio)).float()).double().numpy())
