"""The same recording is found after every ordinary change, other recordings of the same kind are not."""

import io

import numpy as np
import pytest
import soundfile

from dataset_builder.build import Settings, build
from dataset_builder.intake.entries import Entry
from dataset_builder.making.fingerprints import bit_error, fingerprint, twins
from spectrogram.codec import SpectrogramCodec
from spectrogram.files.audio import resample
from spectrogram.params import SpectrogramParams

CODEC = SpectrogramCodec(SpectrogramParams.preset("mini"))
RATE_HZ = CODEC.params.sample_rate_hz


def chirps(seed: int, seconds: float = 6.0) -> np.ndarray:
    """A made-up bird: random sweeps over quiet noise, as (samples,)."""
    rng = np.random.default_rng(seed)
    sound = 0.003 * rng.standard_normal(round(seconds * RATE_HZ))
    for _ in range(round(seconds * 4)):
        length = int(rng.integers(1500, 6000))
        start = int(rng.integers(0, len(sound) - length))
        hz = np.linspace(*rng.uniform(300, 9000, 2), length)
        sound[start : start + length] += 0.2 * np.hanning(length) * np.sin(2 * np.pi * np.cumsum(hz) / RATE_HZ)
    return sound.astype(np.float32)


def print_of(sound: np.ndarray) -> np.ndarray:
    picture = CODEC.encode(sound[None], RATE_HZ)
    return fingerprint(np.asarray(picture)[..., 0], CODEC.params.clip_seconds)


def vorbis(sound: np.ndarray) -> np.ndarray:
    buffer = io.BytesIO()
    soundfile.write(buffer, sound, RATE_HZ, format="OGG", subtype="VORBIS")
    buffer.seek(0)
    return soundfile.read(buffer, dtype="float32")[0]


CHANGES = {
    "gain": lambda sound: sound * 0.2,
    "re-encoding": vorbis,
    "shifted cut": lambda sound: sound[3300:],
    "lower rate": lambda sound: resample(resample(sound[None], RATE_HZ, 16_000), 16_000, RATE_HZ)[0],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found(change):
    sound = chirps(1)
    (twin,) = twins([print_of(chirps(2)), print_of(sound), print_of(CHANGES[change](sound))])
    assert (twin.first, twin.second) == (1, 2)


def test_the_shift_of_a_later_cut_is_told_in_frames():
    sound = chirps(1)
    (twin,) = twins([print_of(sound), print_of(sound[RATE_HZ // 2 :])])
    assert twin.shift == -25


def test_forty_other_sounds_of_the_same_kind_are_not_confused():
    assert twins([print_of(chirps(seed)) for seed in range(40)]) == []


def test_silence_and_equal_noise_levels_say_nothing():
    rng = np.random.default_rng(0)
    quiet = [print_of(1e-6 * rng.standard_normal(RATE_HZ * 5).astype(np.float32)) for _ in range(4)]
    assert twins(quiet) == []
    assert bit_error(quiet[0], quiet[1], 0) == (1.0, 0)


def test_a_twin_in_another_split_leaves_train_and_is_counted(tmp_path):
    sound = chirps(1)
    for name, data in (("a", sound), ("b", sound * 0.3), ("c", chirps(5)), ("d", chirps(5)[2000:])):
        soundfile.write(tmp_path / f"{name}.wav", data, RATE_HZ)
    splits = {"a": "train", "b": "test", "c": "train", "d": "train"}
    entries = [
        Entry(name, str(tmp_path / f"{name}.wav"), (name,), recording=name, split=split)
        for name, split in splits.items()
    ]
    outcome = build(entries, tmp_path / "set", Settings())["mini"]
    assert {row["clip_id"] for row in outcome.facts} == {"b", "c", "d"}
    assert [(drop["clip_id"], drop["reason"]) for drop in outcome.drops] == [("a", "near-duplicate")]
    assert "sounds like b in test" in (tmp_path / "set" / "drops.csv").read_text()
