"""Embeddings on disk, keyed by what the audio file holds and by who embedded it: a regenerated file is a new key."""

import os
import zipfile
from pathlib import Path

import numpy as np

from metrics.embedders.interface import Analysis, Embedder
from spectrogram.files import atomic
from spectrogram.files.digest import sha256_of


def default_cache_folder() -> Path:
    """$SD_AUDIO_CACHE, or a folder below the user's cache folder."""
    named = os.environ.get("SD_AUDIO_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "sd-audio-spectrograms"


class EmbeddingCache:
    """Analyses of one embedder: FOLDER/embeddings/<embedder fingerprint>/<2 hex>/<sha256 of the audio file>.npz."""

    def __init__(self, embedder: Embedder, folder: Path | None = None):
        self.embedder = embedder
        self.folder = (folder or default_cache_folder()) / "embeddings" / embedder.fingerprint
        self.hits = 0

    def analyse_file(self, path) -> Analysis:
        """The stored analysis of these very bytes, or a fresh one that is then stored."""
        digest = sha256_of(path)
        entry = self.folder / digest[:2] / f"{digest}.npz"
        stored = _read(entry)
        if stored is not None:
            self.hits += 1
            return stored
        analysis = self.embedder.analyse_file(path)
        _write(entry, analysis)
        return analysis


def _read(entry: Path) -> Analysis | None:
    if not entry.is_file():
        return None
    try:
        with np.load(entry, allow_pickle=False) as stored:
            return Analysis(stored["rows"], stored.get("logits"))
    except (zipfile.BadZipFile, EOFError, KeyError, ValueError):  # torn by a crash: compute it again
        return None


def _write(entry: Path, analysis: Analysis) -> None:
    arrays = {"rows": analysis.rows} | ({} if analysis.logits is None else {"logits": analysis.logits})
    with atomic.replacing(entry) as unfinished, open(unfinished, "wb") as file:
        np.savez(file, **arrays)
