"""`sd-audio-ear-v1`: the ear of the embedded base model, sounds and prompts in one space without a download.

It hears what the base's codec keeps, and it was trained on the prompts of that base: figures of free captions, and of
models that were chosen with its help, flatter.
"""

import numpy as np

from metrics.embedders.interface import Analysis, TextEmbedder
from spectrogram.ears.ear import Ear
from spectrogram.params import SpectrogramParams

NAME = "sd-audio-ear-v1"


class SpectrogramEar(TextEmbedder):
    """128 numbers of unit length a clip; clips longer than the base's are heard in windows that are averaged."""

    rows_of = "clip"

    def __init__(self, base: str | None = None):
        self._ear = Ear.load(base)
        params = SpectrogramParams.from_model(self._ear.base)
        self.name, self.version, self.sha256 = (self._ear.identity[key] for key in ("name", "version", "sha256"))
        self.sample_rate_hz, self.hop_s = params.sample_rate_hz, params.clip_seconds
        self.dimensions = self._ear.config["vision"]["projection_dim"]

    def analyse(self, audio: np.ndarray) -> Analysis:
        """Embedding (1, d) of mono audio at the base's rate."""
        return Analysis(self._ear.embed_audio(audio[None], self.sample_rate_hz).double().numpy())

    def embed_texts(self, texts: list[str]) -> np.ndarray:
        """Embeddings (texts, d) of unit length."""
        return self._ear.embed_texts(texts).double().numpy()
