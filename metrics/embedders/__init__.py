"""Embedders by name: `load(name)` gives rows and, for those that classify, logits; results carry the name."""

from metrics.embedders.interface import Analysis, Embedder
from metrics.embedders.registry import NAMES, load

__all__ = ["NAMES", "Analysis", "Embedder", "load"]
