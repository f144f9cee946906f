"""The network: small convolutions, one over all remaining bands, mean and maximum over time, 192 numbers a clip."""

import torch
from torch import nn

EMBEDDING_DIMENSIONS = 192


def _convolution(into: int, out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(into, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True))


class SoundNet(nn.Module):
    """Levels (batch, frames, 64) to embeddings (batch, 192) and logits (batch, classes); at least 32 frames.

    A plain stack in the manner of PANNs' Cnn10 (Kong et al., 2020), with a twentieth of its multiplications.
    """

    def __init__(self, classes: int):
        super().__init__()
        self.bands = nn.Sequential(
            _convolution(1, 16, stride=2),
            _convolution(16, 32),
            nn.MaxPool2d(2),
            _convolution(32, 64),
            _convolution(64, 64),
            nn.MaxPool2d(2),
            _convolution(64, 128),
            _convolution(128, 128),
            nn.MaxPool2d(2),
            _convolution(128, 192),
        )
        self.across = nn.Sequential(
            nn.Conv2d(192, EMBEDDING_DIMENSIONS, (4, 1), bias=False), nn.BatchNorm2d(192), nn.ReLU()
        )
        self.dropout = nn.Dropout(0.3)
        self.classes = nn.Linear(EMBEDDING_DIMENSIONS, classes)

    def forward(self, levels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Embeddings and logits."""
        hidden = self.bands(levels.transpose(1, 2)[:, None] * 4 - 2)
        hidden = self.across(hidden)[:, :, 0].float()
        embedding = hidden.mean(dim=2) + hidden.amax(dim=2)
        return embedding, self.classes(self.dropout(embedding))
