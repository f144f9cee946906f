"""The judge that comes with the project: what it was promised to know, on sounds it has not been trained on."""

import csv
import hashlib

import numpy as np
import pytest

from dataset_builder.soundscapes.composer import CLASSES, EVERY_CLASS, RATE_HZ, render_event
from dataset_builder.soundscapes.synthesis.catalogue import HELD_OUT
from metrics import judge
from metrics.embedders.sound_cnn import FOLDER, SoundCnn
from metrics.judge_training.examples import read_examples
from spectrogram.codec import SpectrogramCodec
from spectrogram.params import SpectrogramParams

UNSEEN_SEED = 987654


@pytest.fixture(scope="module")
def composed():
    """One composed sound of every second class."""
    labels = [*CLASSES[::2], *HELD_OUT]
    sounds = [render_event(np.random.default_rng([UNSEEN_SEED, i]), label, 5.12)[0] for i, label in enumerate(labels)]
    return labels, [sound.astype(np.float32) for sound in sounds]


def test_it_knows_base_classes_and_held_out_classes():
    assert set(EVERY_CLASS) == set(judge.classes())


def test_composed_sounds_are_recognised_at_any_gain(composed):
    labels, sounds = composed
    heard, probabilities = judge.classify(sounds, RATE_HZ)
    assert np.mean([a == b for a, b in zip(heard, labels, strict=True)]) >= 0.9
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert judge.classify([sound / 10 for sound in sounds[:4]], RATE_HZ)[0] == heard[:4]


def test_sounds_that_went_through_the_codec_are_recognised(composed):
    labels, sounds = composed
    codec = SpectrogramCodec(SpectrogramParams.preset("mini"))
    decoded = [codec.decode(codec.encode(sound[None], RATE_HZ))[0] for sound in sounds[::3]]
    heard, _ = judge.classify(decoded, codec.params.sample_rate_hz)
    assert np.mean([a == b for a, b in zip(heard, labels[::3], strict=True)]) >= 0.8


def test_silence_is_no_class():
    labels, probabilities = judge.classify([np.zeros(24000, np.float32)], 24000)
    assert labels == ["silence"]
    assert np.ptp(probabilities) == 0


def test_an_array_without_a_rate_is_refused():
    with pytest.raises(ValueError, match="without rate="):
        judge.classify([np.zeros(24000, np.float32)])


def test_the_card_is_that_of_the_weights_and_credits_open_sources_only():
    card = SoundCnn().card
    weights = (FOLDER / "sd-audio-cnn-v1.safetensors").read_bytes()
    assert hashlib.sha256(weights).hexdigest() == card["sha256"]
    assert len(weights) < 4e6
    assert not [
        credit for credit in card["data_credits"] if "NC" in credit.split(";")[0] or "SA" in credit.split(";")[0]
    ]


def test_held_out_recordings_of_real_sounds_are_recognised(shared_data):
    examples, _ = read_examples([shared_data / "esc10"], least_clips=1)
    unseen = [example for example in examples if example.held_out][::3]
    heard, _ = judge.classify([example.path for example in unseen])
    assert np.mean([label == example.classes[0] for label, example in zip(heard, unseen, strict=True)]) >= 0.75
    with open(shared_data / "esc10" / "metadata.csv", newline="", encoding="utf-8") as table:
        credited = " ".join(SoundCnn().card["data_credits"])
        kept_out = [row["source"] for row in csv.DictReader(table) if row["source_id"] in _sources(unseen, shared_data)]
    assert not [source for source in kept_out if source in credited]


def _sources(examples, shared_data):
    with open(shared_data / "esc10" / "metadata.csv", newline="", encoding="utf-8") as table:
        by_file = {row["file_name"]: row["source_id"] for row in csv.DictReader(table)}
    return {by_file[str(example.path.relative_to(shared_data / "esc10"))] for example in examples}
