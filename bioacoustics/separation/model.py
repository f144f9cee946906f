"""What is known of the sources: spectral bases by source, and how a sound becomes the spectrogram they describe.

On disk one .safetensors file: ``bases`` (rows * frames, bases), ``source_of`` (bases,), and in the header the
names of the sources, the spectrogram's parameters and what the bases were learned from.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from pydantic import BaseModel, Field, Json
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from bioacoustics.separation.factorisation import learned_bases, stacked
from bioacoustics.separation.periodicity import sources_by_periodicity
from spectrogram import json_text
from spectrogram.codec import budget
from spectrogram.codec.mel import filterbank
from spectrogram.codec.stft import stft
from spectrogram.files import atomic, json_file
from spectrogram.files.names import checked_name
from spectrogram.params import SpectrogramParams
from spectrogram.problems import Problem, UsageProblem

KIND = "sd-audio-separation"
MOST_FRAMES = 64


class SeparationProblem(Problem):
    """A model, a recording or a set of sounds that separation cannot use."""


class _Header(BaseModel):
    """What stands in the header of a model."""

    params: str
    sources: Json[list[str]]
    steady: Json[list[str]]
    credits: Json[list[str]]
    frames: int = Field(ge=1, le=MOST_FRAMES)


def front_end(rate_hz: int = 32_000, bands: int = 256, window_ms: float = 32.0, step_ms: float = 8.0):
    """The spectrogram that bases describe: bands of magnitudes on a scale that is linear at first, then logarithmic."""
    return SpectrogramParams(
        sample_rate_hz=rate_hz,
        step_ms=step_ms,
        window_ms=window_ms,
        mel_bands=bands,
        low_hz=0.0,
        high_hz=rate_hz / 2,
        columns=1,
        warp_hz=4000.0,
    )


@dataclass(frozen=True)
class SeparationModel:
    """``bases`` (rows * frames, n) float32, ``source_of`` (n,) indices of ``sources``."""

    params: SpectrogramParams
    bases: np.ndarray
    source_of: np.ndarray
    sources: tuple[str, ...]
    frames: int = 1
    steady: tuple[str, ...] = field(default=())
    credits: tuple[str, ...] = field(default=())

    def save(self, path: Path | str) -> Path:
        """Write one .safetensors file, at once or not at all."""
        path = Path(path)
        header = {"kind": KIND, "version": "1", "sources": json_text.dumps(self.sources), "frames": str(self.frames)}
        header |= {"params": self.params.to_json(), "credits": json_text.dumps(self.credits)}
        header["steady"] = json_text.dumps(self.steady)
        tensors = {"bases": self.bases.astype(np.float32), "source_of": self.source_of.astype(np.int64)}
        with atomic.replacing(path) as unfinished:
            save_file(tensors, unfinished, metadata=header)
            unfinished.chmod(0o644)
        return path

    @classmethod
    def load(cls, path: Path | str) -> SeparationModel:
        """The model of a file; raises SeparationProblem for files that are none."""
        try:
            with safe_open(path, framework="np") as file:
                header = file.metadata() or {}
                if header.get("kind") != KIND:
                    raise SeparationProblem(f"{path} is no separation model", "a file of `learn`", "check the path")
                bases, source_of = file.get_tensor("bases"), file.get_tensor("source_of")
        except (OSError, SafetensorError, TypeError) as error:
            raise SeparationProblem(
                f"{path} cannot be read ({error})", "a .safetensors file", "learn it again"
            ) from error
        told = json_file.parse(json_text.dumps(header), _Header, f"the header of {path}", "learn it again")
        params = SpectrogramParams.from_json(told.params)
        budget.check(params)
        # A source's name becomes the name of a file.
        sources = tuple(map(checked_name, told.sources))
        fits = bases.ndim == 2 and bases.shape == (params.bands * told.frames, len(source_of)) and bases.size
        known = source_of.dtype.kind == "i" and bool(((source_of >= 0) & (source_of < len(sources))).all())
        if not fits or not known or not np.isfinite(bases).all() or (bases < 0).any():
            raise SeparationProblem(f"the bases of {path} do not fit together", "those of a model", "learn it again")
        return cls(params, bases, source_of, sources, told.frames, tuple(told.steady), tuple(told.credits))

    def merged(self, other: SeparationModel) -> SeparationModel:
        """Both models as one; sources of one name become one source."""
        if (self.params, self.frames) != (other.params, other.frames):
            raise UsageProblem(
                "the models describe different spectrograms",
                "one rate, one window, one number of bands",
                "learn both alike",
            )
        sources = tuple(dict.fromkeys((*self.sources, *other.sources)))
        names = [self.sources[one] for one in self.source_of] + [other.sources[one] for one in other.source_of]
        return replace(
            self,
            bases=np.concatenate([self.bases, other.bases], axis=1),
            source_of=np.array([sources.index(name) for name in names]),
            sources=sources,
            steady=tuple(dict.fromkeys((*self.steady, *other.steady))),
            credits=tuple(dict.fromkeys((*self.credits, *other.credits))),
        )

    def renamed(self, names: dict[str, str]) -> SeparationModel:
        sources, steady = (tuple(names.get(one, one) for one in own) for own in (self.sources, self.steady))
        return replace(self, sources=sources, steady=steady)


def magnitudes(audio: np.ndarray, params: SpectrogramParams) -> np.ndarray:
    """Band magnitudes (rows, frames) of mono samples at the model's rate."""
    return bands_of(stft(audio, params, frames_in(len(audio), params)), params)


def bands_of(spectrum: np.ndarray, params: SpectrogramParams) -> np.ndarray:
    return filterbank(params) @ np.abs(spectrum).T


def frames_in(samples: int, params: SpectrogramParams) -> int:
    return max(1, -(-samples // params.hop_samples))


def learn_source(
    name: str,
    sounds: list[np.ndarray],
    params: SpectrogramParams,
    bases: int = 24,
    frames: int = 1,
    iterations: int = 100,
    seed: int = 0,
    steady: bool = False,
    credits: tuple[str, ...] = (),
) -> SeparationModel:
    """A model of one source from sounds in which it is heard alone.

    Args:
        name: of the source.
        sounds: mono samples at ``params.sample_rate_hz``, each brought to the same loudness first.
        params: the spectrogram, see ``front_end``.
        bases: how many spectra describe the source.
        frames: how many successive frames one basis spans.
        steady: it sounds without pauses, as rain and wind do.
    """
    spectrogram = training_spectrogram(sounds, params, frames)
    w, _ = learned_bases(spectrogram, bases, iterations, seed)
    return SeparationModel(params, w, np.zeros(bases, int), (name,), frames, (name,) if steady else (), credits)


def learn_by_periodicity(
    sounds: list[np.ndarray],
    params: SpectrogramParams,
    sources: int = 2,
    bases: int = 40,
    frames: int = 1,
    iterations: int = 100,
    seed: int = 0,
    credits: tuple[str, ...] = (),
) -> SeparationModel:
    """A model of several unnamed sources (source_1 changes most) from mixtures, told apart by their rhythms."""
    spectrogram = training_spectrogram(sounds, params, frames)
    w, h = learned_bases(spectrogram, bases, iterations, seed)
    names = tuple(f"source_{number + 1}" for number in range(sources))
    return SeparationModel(params, w, sources_by_periodicity(h, sources, seed), names, frames, (), credits)


def training_spectrogram(sounds: list[np.ndarray], params: SpectrogramParams, frames: int) -> np.ndarray:
    heard = [one for one in sounds if len(one) and np.any(one)]
    if not heard:
        raise SeparationProblem("there is no sound to learn from", "recordings that are not silent", "give others")
    levels = [magnitudes(one, params) for one in heard]
    return np.concatenate([stacked(one / one.mean(), frames) for one in levels], axis=1)
