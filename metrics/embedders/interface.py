"""What every embedder offers: an identity that travels with its numbers, rows per clip and, if it can, class logits."""

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from metrics.distances.samples import SampleProblem
from spectrogram import json_text
from spectrogram.files.audio import read_audio

RESAMPLER = "soxr-HQ"


@dataclass(frozen=True)
class Analysis:
    """One clip as an embedder hears it: rows (k, d), one a window or one a clip, and logits (classes,) or None."""

    rows: np.ndarray
    logits: np.ndarray | None = None


class Embedder(ABC):
    """Base of all embedders; a subclass sets the fields and writes `analyse`."""

    name: str
    version: str
    sha256: str
    sample_rate_hz: int
    hop_s: float
    dimensions: int
    rows_of: str  # "window" or "clip"
    classes: tuple[str, ...] = ()

    @property
    def identity(self) -> dict:
        """All that must agree before two numbers may be compared."""
        return {
            "name": self.name,
            "version": self.version,
            "sha256": self.sha256,
            "sample_rate_hz": self.sample_rate_hz,
            "hop_s": self.hop_s,
            "dimensions": self.dimensions,
            "rows_of": self.rows_of,
            "resampler": RESAMPLER,
            "channels": "mean",
            "ddof": 1,
        }

    @property
    def fingerprint(self) -> str:
        """12 hex digits of the identity, for cache folders."""
        return hashlib.sha256(json_text.dumps(self.identity, sort_keys=True).encode()).hexdigest()[:12]

    @abstractmethod
    def analyse(self, audio: np.ndarray) -> Analysis:
        """Rows and logits of mono float32 audio (samples,) at `sample_rate_hz`."""

    def analyse_file(self, path) -> Analysis:
        """Rows and logits of an audio file, channels averaged, resampled by soxr-HQ; every number checked."""
        audio, _ = read_audio(path, sample_rate_hz=self.sample_rate_hz, channels=1)
        analysis = self.analyse(audio[0])
        numbers = analysis.rows if analysis.logits is None else np.append(analysis.rows, analysis.logits)
        if not np.isfinite(numbers).all():
            raise SampleProblem(
                f"{self.name} gave NaN or Inf for {path}", "finite numbers", "inspect or leave out the clip"
            )
        return analysis

    def embed(self, paths) -> np.ndarray:
        """Rows of all clips below each other, shape (n, d)."""
        return np.concatenate([self.analyse_file(path).rows for path in paths])

    def logits(self, paths) -> np.ndarray:
        """Logits (clips, classes); an error for an embedder that does not classify."""
        if not self.classes:
            raise SampleProblem(
                f"{self.name} has no classes", "an embedder that classifies", "use sd-audio-cnn-v1 or ast"
            )
        return np.stack([self.analyse_file(path).logits for path in paths])


class TextEmbedder(Embedder):
    """An embedder whose space also holds texts; all its rows have unit length, so products are cosines."""

    @abstractmethod
    def embed_texts(self, texts: list[str]) -> np.ndarray:
        """Embeddings (texts, d) of unit length."""
