"""`clap` and `ast` through transformers, from a local folder or a model id that is already in the Hub cache.

Clips longer than 10 s are cut into windows of 10 s whose results are averaged: CLAP's own extractor would draw one at
random and give another figure on every call.
"""

from pathlib import Path

import numpy as np
import torch
from transformers import ASTFeatureExtractor, ASTForAudioClassification, AutoTokenizer, ClapFeatureExtractor, ClapModel

from metrics.embedders.interface import Analysis, Embedder, TextEmbedder
from metrics.embedders.local_weights import MissingWeights, file_sha256

WINDOW_S = 10
SHORTEST_S = 1.0
CLAP_ID = "laion/clap-htsat-unfused"
AST_ID = "MIT/ast-finetuned-audioset-10-10-0.4593"


def _loaded(loader, source: str, **more):
    try:
        return loader.from_pretrained(source, **more)
    except OSError as error:
        raise MissingWeights(
            f"{source} cannot be loaded ({str(error).splitlines()[0]})",
            "a model folder with safetensors, or a Hub id that can be reached",
            "pass weights=FOLDER (--weights FOLDER)",
        ) from error


def _identity_hash(source: str, model) -> str:
    return file_sha256(Path(source)) if Path(source).is_dir() else str(getattr(model.config, "_commit_hash", None))


def _windows(audio: np.ndarray, rate_hz: int) -> list[np.ndarray]:
    """Windows of 10 s; a remainder under one second belongs to no window unless it is all there is."""
    size = WINDOW_S * rate_hz
    starts = [start for start in range(0, audio.size, size) if start == 0 or audio.size - start >= SHORTEST_S * rate_hz]
    return [audio[start : start + size] for start in starts]


class Clap(TextEmbedder):
    """512 numbers a clip of unit length, in one space with texts."""

    name, version = "clap", "transformers"
    sample_rate_hz = 48000
    hop_s = 10.0
    rows_of = "clip"

    def __init__(self, weights: str | None = None):
        source = weights or CLAP_ID
        self._model = _loaded(ClapModel, source, use_safetensors=True).eval()
        self._extractor = _loaded(ClapFeatureExtractor, source)
        self._tokenizer = _loaded(AutoTokenizer, source)
        # No window is longer than CLAP's own length, so "rand_trunc" has nothing left to draw.
        self._truncation = "fusion" if self._model.config.audio_config.enable_fusion else "rand_trunc"
        self.sha256 = _identity_hash(source, self._model)
        self.dimensions = self._model.config.projection_dim

    def analyse(self, audio: np.ndarray) -> Analysis:
        """Embedding (1, d) of mono audio at 48 kHz: the mean over its windows, scaled to unit length."""
        windows = _windows(audio, self.sample_rate_hz)
        inputs = self._extractor(
            windows, sampling_rate=self.sample_rate_hz, truncation=self._truncation, return_tensors="pt"
        )
        with torch.inference_mode():
            pooled = self._model.get_audio_features(**inputs).pooler_output
        return Analysis(_unit(pooled.mean(dim=0, keepdim=True)))

    def embed_texts(self, texts: list[str]) -> np.ndarray:
        """Embeddings (texts, d) of unit length."""
        inputs = self._tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            return _unit(self._model.get_text_features(**inputs).pooler_output)


class Ast(Embedder):
    """Pooled states and AudioSet logits of the Audio Spectrogram Transformer (Gong et al., 2021)."""

    name, version = "ast", "transformers"
    sample_rate_hz = 16000
    hop_s = 10.0
    rows_of = "clip"

    def __init__(self, weights: str | None = None):
        source = weights or AST_ID
        self._model = _loaded(ASTForAudioClassification, source, use_safetensors=True).eval()
        self._extractor = _loaded(ASTFeatureExtractor, source)
        self.sha256 = _identity_hash(source, self._model)
        self.dimensions = self._model.config.hidden_size
        self.classes = tuple(self._model.config.id2label[number] for number in sorted(self._model.config.id2label))

    def analyse(self, audio: np.ndarray) -> Analysis:
        """Embedding (1, d) and logits (classes,) of mono audio at 16 kHz: means over its windows."""
        windows = _windows(audio, self.sample_rate_hz)
        inputs = self._extractor(windows, sampling_rate=self.sample_rate_hz, return_tensors="pt")
        with torch.inference_mode():
            states = self._model.audio_spectrogram_transformer(**inputs).pooler_output
            logits = self._model.classifier(states)
        return Analysis(states.mean(dim=0, keepdim=True).double().numpy(), logits.mean(dim=0).double().numpy())


def _unit(vectors: torch.Tensor) -> np.ndarray:
    return torch.nn.functional.normalize(vectors.double(), dim=-1).numpy()
