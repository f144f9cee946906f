"""A classifier on disk: classifier.safetensors (the network) and classifier.json (its classes and figures)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from bioacoustics.classifiers.clips import Clips
from bioacoustics.classifiers.front_end import FrontEnd, as_bytes
from bioacoustics.classifiers.network import NETWORKS
from bioacoustics.classifiers.trainer import scores
from metrics.embedders.interface import Embedder
from metrics.embedders.registry import load as load_embedder
from spectrogram import json_text
from spectrogram.files import json_file
from spectrogram.problems import Problem

WEIGHTS, CARD = "classifier.safetensors", "classifier.json"


class ClassifierProblem(Problem):
    """A folder that holds no classifier that can be used."""


class _Card(BaseModel):
    """classifier.json, as far as it is needed to hear; its figures stay beside it."""

    model_config = ConfigDict(extra="allow")

    network: Literal[tuple(NETWORKS)]
    classes: list[str] = Field(min_length=1, max_length=100_000)
    seconds: float = Field(gt=0, le=600)
    multi_label: bool
    front_end: dict[str, Any] | None
    embedder: dict[str, Any] | None
    sha256: str


@dataclass
class Classifier:
    """A network with all it needs to hear: ``front`` (or ``embedder``), classes, and the length of its clips."""

    network: torch.nn.Module
    kind: str
    classes: tuple[str, ...]
    seconds: float
    multi_label: bool
    front: FrontEnd | None = None
    embedder: Embedder | None = None
    card: dict | None = None

    @property
    def rate_hz(self) -> int:
        return self.front.params.sample_rate_hz if self.front else self.embedder.sample_rate_hz

    def scores(self, windows: list[np.ndarray]) -> np.ndarray:
        """Probabilities (n, classes) of mono clips at ``rate_hz``, each of about ``seconds``."""
        if self.front:
            stored = np.stack([as_bytes(self.front.db(window)) for window in windows])
        else:
            stored = np.stack([self.embedder.analyse(w).rows.mean(axis=0, keepdims=True) for w in windows]).astype(
                np.float32
            )
        unknown = np.zeros((len(stored), len(self.classes)), np.float32)
        clips = Clips(stored, unknown, self.classes, np.arange(len(stored)), ("",) * len(stored))
        return scores(self.network, clips, self.front, several=self.multi_label)


def save_classifier(folder: Path | str, classifier: Classifier, facts: dict) -> dict:
    """Write both files; returns the card, which holds ``facts`` too."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{WEIGHTS}.part"
    save_file({name: value.contiguous() for name, value in classifier.network.state_dict().items()}, unfinished)
    unfinished.chmod(0o644)
    digest = hashlib.sha256(unfinished.read_bytes()).hexdigest()
    embedder = classifier.embedder.identity if classifier.embedder else None
    card = {
        "network": classifier.kind,
        "classes": list(classifier.classes),
        "seconds": classifier.seconds,
        "multi_label": classifier.multi_label,
        "front_end": classifier.front.to_dict() if classifier.front else None,
        "embedder": embedder,
        "sha256": digest,
    } | facts
    text = json_text.dumps(card, indent=1, ensure_ascii=False, default=str) + "\n"
    (folder / f".{CARD}.part").write_text(text, encoding="utf-8")
    unfinished.replace(folder / WEIGHTS)
    (folder / f".{CARD}.part").replace(folder / CARD)
    return json.loads(text)


def load_classifier(folder: Path | str, embedder_weights: str | None = None) -> Classifier:
    """The classifier of a folder; raises ClassifierProblem when it is missing, changed or cut short."""
    folder = Path(folder)
    card = json_file.read(folder / CARD, _Card, "make it with learn classifier").model_dump()
    try:
        if hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest() != card["sha256"]:
            raise ClassifierProblem(f"{folder / WEIGHTS} is not what its card says", card["sha256"], "learn it again")
        state = load_file(folder / WEIGHTS)
        front = FrontEnd.from_dict(card["front_end"]) if card["front_end"] else None
        embedder = load_embedder(card["embedder"]["name"], embedder_weights) if card["embedder"] else None
        bands = front.params.bands if front else embedder.dimensions
        network = NETWORKS[card["network"]](len(card["classes"]), bands, 0.0)
        network.load_state_dict(state)
    except (OSError, KeyError, TypeError, RuntimeError, SafetensorError, OverflowError) as error:
        raise ClassifierProblem(
            f"{folder} holds no classifier ({error})", f"{WEIGHTS} and {CARD}", "make it with learn classifier"
        ) from error
    classes = tuple(card["classes"])
    return Classifier(
        network.eval(), card["network"], classes, card["seconds"], card["multi_label"], front, embedder, card
    )
