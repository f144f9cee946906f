"""The networks: convolutions alone (mean and maximum over time), or convolutions and a recurrent layer over time.

Both take levels (batch, frames, bands) and give logits (batch, classes).  Convolutional stack in the manner of PANNs
(Kong et al., 2020); CRNN after Cakir et al., IEEE TASLP 25 (2017), with attention over frames as its pooling.
"""

from __future__ import annotations

import torch
from torch import nn

WIDTHS = (16, 32, 64, 128)


def block(into: int, out: int, stride: int | tuple[int, int]) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(into, out, 3, stride, 1, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(inplace=True),
        nn.Conv2d(out, out, 3, 1, 1, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(inplace=True),
    )


class Trunk(nn.Module):
    """Levels (batch, frames, bands) to features (batch, channels, frames', bands')."""

    def __init__(self, strides: tuple[int | tuple[int, int], ...]) -> None:
        super().__init__()
        self.normalise = nn.BatchNorm2d(1)
        # The first layer halves both sides at once, where most of the multiplications would be.
        self.first = nn.Sequential(nn.Conv2d(1, WIDTHS[0], 5, 2, 2, bias=False), nn.BatchNorm2d(WIDTHS[0]), nn.ReLU())
        sizes = (WIDTHS[0], *WIDTHS)
        self.blocks = nn.Sequential(*(block(a, b, s) for a, b, s in zip(sizes[1:], sizes[2:], strides, strict=False)))

    def forward(self, levels: torch.Tensor) -> torch.Tensor:
        return self.blocks(self.first(self.normalise(levels[:, None])))


class Cnn(nn.Module):
    """Features averaged over bands, mean plus maximum over time, one linear layer."""

    def __init__(self, classes: int, bands: int, dropout: float) -> None:
        super().__init__()
        self.trunk = Trunk((2, 2, 2))
        self.across = nn.Sequential(nn.Conv2d(WIDTHS[-1], 192, 1), nn.ReLU())
        self.dropout = nn.Dropout(dropout)
        self.classes = nn.Linear(192, classes)

    def embed(self, levels: torch.Tensor) -> torch.Tensor:
        """(batch, 192)."""
        hidden = self.across(self.trunk(levels)).mean(dim=3)
        return hidden.mean(dim=2) + hidden.amax(dim=2)

    def forward(self, levels: torch.Tensor) -> torch.Tensor:
        return self.classes(self.dropout(self.embed(levels)))


class Crnn(nn.Module):
    """The same features, time kept finer, a bidirectional GRU over it, and a weighted mean of its frames."""

    def __init__(self, classes: int, bands: int, dropout: float) -> None:
        super().__init__()
        self.trunk = Trunk((2, 2, (1, 2)))
        with torch.no_grad():
            rows = self.trunk.eval()(torch.zeros(1, 16, bands)).shape[3]
        self.squeeze = nn.Sequential(nn.Linear(WIDTHS[-1] * rows, 128), nn.ReLU())
        self.recurrent = nn.GRU(128, 96, batch_first=True, bidirectional=True)
        self.weight = nn.Linear(192, 1)
        self.dropout = nn.Dropout(dropout)
        self.classes = nn.Linear(384, classes)

    def embed(self, levels: torch.Tensor) -> torch.Tensor:
        """(batch, 384)."""
        hidden = self.trunk(levels).permute(0, 2, 1, 3).flatten(2)
        states = self.recurrent(self.squeeze(hidden).float())[0]
        share = torch.softmax(self.weight(states), dim=1)
        return torch.cat([(share * states).sum(dim=1), states.amax(dim=1)], dim=1)

    def forward(self, levels: torch.Tensor) -> torch.Tensor:
        return self.classes(self.dropout(self.embed(levels)))


class LinearHead(nn.Module):
    """One linear layer on embeddings (batch, 1, dimensions), whose mean and spread are taken from training data."""

    def __init__(self, classes: int, bands: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(bands))
        self.register_buffer("spread", torch.ones(bands))
        self.dropout = nn.Dropout(dropout)
        self.classes = nn.Linear(bands, classes)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return self.classes(self.dropout((rows.mean(dim=1) - self.mean) / self.spread))


NETWORKS = {"cnn": Cnn, "crnn": Crnn, "linear": LinearHead}
