"""Embeds a collection clip by clip and keeps account: which names were used, which failed and why, which are equal."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from metrics.embedders.cache import EmbeddingCache
from metrics.embedders.interface import Embedder
from metrics.sets.sound_set import Sound
from spectrogram.problems import Problem


class NothingEmbedded(Problem):
    """Every clip of a set failed."""


class NoLogits(Problem):
    """A metric of classes was asked of an embedder that has none."""


@dataclass
class EmbeddedSet:
    """Embeddings of one set: names, rows per clip [(k_i, d)], logits per clip or None, and what was left out."""

    identity: dict
    sounds: list[Sound]
    clip_rows: list[np.ndarray]
    clip_logits: list[np.ndarray] | None
    skipped: list[tuple[str, str]] = field(default_factory=list)
    classes: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Names of the clips that were used, in order."""
        return [sound.name for sound in self.sounds]

    @cached_property
    def rows(self) -> np.ndarray:
        """All rows below each other, (n, d)."""
        return np.concatenate(self.clip_rows)

    @cached_property
    def logits(self) -> np.ndarray | None:
        """Logits (clips, classes), or None for an embedder that does not classify."""
        return None if self.clip_logits is None else np.stack(self.clip_logits)

    @property
    def n_constant(self) -> int:
        """How many clips give exactly the same rows as another one: silent or repeated clips."""
        seen = {rows.tobytes() for rows in self.clip_rows}
        return len(self.clip_rows) - len(seen)

    def require_logits(self) -> np.ndarray:
        """Logits (clips, classes); an error for an embedder that does not classify."""
        if self.logits is None:
            name = self.identity["name"]
            raise NoLogits(f"{name} gives no class logits", "an embedder that classifies", "use sd-audio-cnn-v1 or ast")
        return self.logits

    def logits_by_name(self) -> dict[str, np.ndarray]:
        """{name: logits}, for paired metrics; an error for an embedder that does not classify."""
        return dict(zip(self.names, self.require_logits(), strict=True))

    def also_in(self, other: "EmbeddedSet") -> int:
        """How many clips embed exactly like one of another set: the same sounds under whatever name."""
        there = {rows.tobytes() for rows in other.clip_rows}
        return sum(rows.tobytes() in there for rows in self.clip_rows)

    def choose(self, indices) -> "EmbeddedSet":
        """The same set with these clips only, repeats allowed."""
        logits = None if self.clip_logits is None else [self.clip_logits[i] for i in indices]
        sounds = [self.sounds[i] for i in indices]
        return EmbeddedSet(self.identity, sounds, [self.clip_rows[i] for i in indices], logits, [], self.classes)


def embed_set(
    sounds: list[Sound],
    embedder: Embedder,
    cache: EmbeddingCache | None = None,
    on_clip: Callable[[], None] | None = None,
) -> EmbeddedSet:
    """Every clip embedded once; a clip that cannot be read is skipped by name and reason, never replaced.

    Raises NothingEmbedded when no clip is left.
    """
    source = cache or embedder
    used, rows, logits, skipped = [], [], [], []
    for sound in sounds:
        try:
            analysis = source.analyse_file(sound.path)
        except Problem as problem:
            skipped.append((sound.name, problem.what))
        else:
            used.append(sound)
            rows.append(analysis.rows)
            logits.append(analysis.logits)
        if on_clip:
            on_clip()
    if not used:
        raise NothingEmbedded(
            f"none of {len(sounds)} clips could be embedded, the first because: {skipped[0][1]}",
            "readable audio",
            "mend the files or point to another folder",
        )
    return EmbeddedSet(
        embedder.identity, used, rows, logits if embedder.classes else None, skipped, tuple(embedder.classes)
    )
