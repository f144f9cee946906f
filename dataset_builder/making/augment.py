"""More training clips from the ones there are, each with the recipe that made it: nothing is drawn while building.

Copies are planned from a seed as explicit numbers (the column ``augmentation``), for the train split alone, so that
nothing of validation or test is ever mixed in.  Time is never turned round: a reversed sound is another sound.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import numpy as np

from dataset_builder.intake.entries import Entry
from spectrogram import json_text
from spectrogram.params import SpectrogramParams

KINDS = ("alone", "while", "then")
FADE_S = 0.05


@dataclass(frozen=True)
class AugmentPolicy:
    """Ranges that the recipes are drawn from; ``kinds`` are weights of: alone, A while B, A followed by B."""

    copies: int = 0
    gain_db: tuple[float, float] = (-12.0, 0.0)
    delay_s: tuple[float, float] = (0.0, 1.0)
    noise_snr_db: tuple[float, float] = (15.0, 40.0)
    partner_db: tuple[float, float] = (-6.0, 3.0)
    kinds: tuple[float, float, float] = (0.4, 0.3, 0.3)


def expand(entries: list[Entry], dealt: dict[str, str], policy: AugmentPolicy, seed: int) -> list[Entry]:
    """The entries and, for each of train that has a caption, ``policy.copies`` planned variations."""
    train = sorted(
        (entry for entry in entries if dealt[entry.recording] == "train" and entry.captions), key=lambda e: e.clip_id
    )
    copies = [variation(entry, number, train, policy, seed) for entry in train for number in range(policy.copies)]
    return [*entries, *copies]


def variation(entry: Entry, number: int, train: list[Entry], policy: AugmentPolicy, seed: int) -> Entry:
    """One planned copy; the partner of a mix comes from another recording and, where there is one, another label."""
    rng = random.Random(f"{seed}|{entry.clip_id}|{number}")
    recipe = {
        "of": entry.clip_id,
        "gain_db": round(rng.uniform(*policy.gain_db), 2),
        "delay_s": round(rng.uniform(*policy.delay_s), 3),
        "noise_snr_db": round(rng.uniform(*policy.noise_snr_db), 2),
        "noise_seed": rng.randrange(2**31),
    }
    kind = rng.choices(KINDS, policy.kinds)[0]
    others = [other for other in train if other.recording != entry.recording]
    others = [other for other in others if other.label != entry.label] or others
    copy = replace(entry, clip_id=f"{entry.clip_id}~{number}", split="")
    if kind != "alone" and others:
        partner = rng.choice(others)
        recipe |= {"kind": kind, "with": partner.clip_id, "path": partner.path, "start_s": partner.start_s}
        recipe["partner_db"] = round(rng.uniform(*policy.partner_db), 2)
        copy = composed(copy, partner, kind)
    return replace(copy, augmentation=json_text.dumps(recipe, sort_keys=True))


def composed(first: Entry, second: Entry, kind: str) -> Entry:
    """Caption, label, source, licence and attribution of a mix: both, in the order in which they are heard."""
    joint = " followed by " if kind == "then" else " while "
    return replace(
        first,
        captions=(first.captions[0] + joint + second.captions[0],),
        label=both(first.label, second.label, "+"),
        source=both(first.source, second.source, " ; "),
        licence=both(first.licence, second.licence, " + "),
        attribution=both(first.attribution, second.attribution, " ; "),
    )


def both(first: str, second: str, joint: str) -> str:
    return joint.join(dict.fromkeys(text for text in (first, second) if text))


def apply(audio: np.ndarray, recipe: dict, partner: np.ndarray | None, rate_hz: int) -> np.ndarray:
    """The planned sound from the clip (channels, samples) and its partner, never above full scale."""
    audio = audio.astype(np.float64)
    if partner is not None:
        partner = at_level(partner.astype(np.float64), level(audio) * 10 ** (recipe["partner_db"] / 20))
        audio = then(audio, partner, rate_hz) if recipe["kind"] == "then" else audio + partner
    audio = delayed(audio, round(recipe["delay_s"] * rate_hz))
    audio = audio + at_level(pink_noise(audio.shape, recipe["noise_seed"]), noise_level(audio, recipe["noise_snr_db"]))
    audio *= 10 ** (recipe["gain_db"] / 20)
    return (audio / max(1.0, np.abs(audio).max())).astype(np.float32)


def then(first: np.ndarray, second: np.ndarray, rate_hz: int) -> np.ndarray:
    """The first half of one sound, a short cross-fade, the beginning of the other."""
    half, fade = first.shape[1] // 2, round(FADE_S * rate_hz)
    ramp = np.clip((np.arange(first.shape[1]) - half + fade / 2) / fade, 0, 1)
    return first * (1 - ramp) + delayed(second, half - fade // 2) * ramp


def delayed(audio: np.ndarray, samples: int) -> np.ndarray:
    """The same length, silence in front, the end cut."""
    return np.pad(audio, ((0, 0), (samples, 0)))[:, : audio.shape[1]]


def pink_noise(shape: tuple[int, int], seed: int) -> np.ndarray:
    """Noise whose power falls by 3 dB an octave, as most rooms and microphones have it."""
    channels, samples = shape
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal((channels, samples)))
    return np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(spectrum.shape[1]), 1)), samples)


def level(audio: np.ndarray) -> float:
    return float(np.sqrt(np.mean(audio**2)))


def noise_level(audio: np.ndarray, snr_db: float) -> float:
    return level(audio) / 10 ** (snr_db / 20)


def at_level(audio: np.ndarray, rms: float) -> np.ndarray:
    """The sound at an RMS level; silence stays silence."""
    return audio * (rms / level(audio)) if level(audio) else audio


def masked(pixels: np.ndarray, seed: int, params: SpectrogramParams, widest: float = 0.1) -> np.ndarray:
    """SpecAugment on a picture (rows, columns, 3): one band and one stretch of time set to silence, for classifiers.

    A generator would learn to paint the bars, so a dataset never holds such pictures.
    """
    rng, pixels = np.random.default_rng(seed), pixels.copy()
    silence = 0 if params.loud_is_white else 255
    for axis in (0, 1):
        width = int(rng.integers(1, max(2, round(widest * pixels.shape[axis]))))
        start = int(rng.integers(0, pixels.shape[axis] - width))
        pixels[(slice(None),) * axis + (slice(start, start + width),)] = silence
    return pixels
