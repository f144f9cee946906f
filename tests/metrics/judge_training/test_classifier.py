"""The classifier's ears, its training data, its training and its weights file."""

import csv
import json

import numpy as np
import pytest

from metrics.embedders import sound_cnn_weights
from metrics.embedders.sound_cnn import SoundCnn
from metrics.embedders.sound_cnn_features import log_mel_db, relative_levels
from metrics.judge_training.augmentation import augment, mix
from metrics.judge_training.examples import read_examples
from metrics.judge_training.label_names import class_of, is_open
from metrics.judge_training.train import main
from tests.metrics.sounds import noise, tone, write_set


def test_a_full_scale_sine_is_about_zero_decibels_in_its_band_and_gain_is_not_heard():
    sine = 2 * tone(1000)
    db = log_mel_db(sine)
    assert db.max() == pytest.approx(20 * np.log10(0.5), abs=1.0)  # the bin of a windowed sine holds half its amplitude
    np.testing.assert_allclose(relative_levels(db), relative_levels(log_mel_db(sine / 100)), atol=0.02)


def test_silence_is_all_zero_and_not_amplified_noise():
    assert not relative_levels(log_mel_db(np.zeros(16000))).any()
    assert not relative_levels(log_mel_db(noise(1, scale=1e-5))).any()


def test_a_short_clip_is_padded_to_a_second():
    assert log_mel_db(tone(440, seconds=0.1)).shape == log_mel_db(tone(440)).shape == (63, 64)


def test_changes_keep_shape_and_range():
    rng = np.random.default_rng(1)
    db = np.resize(log_mel_db(noise(1)), (320, 64))
    for _ in range(30):
        levels = augment(db, rng, may_move=True)
        assert levels.shape == (320, 64)
        assert levels.dtype == np.float32
        assert 0 <= levels.min() <= levels.max() <= 1


def test_mixing_adds_powers():
    one = np.full((4, 64), -20.0)
    np.testing.assert_allclose(mix(one, one, 0.0), -20 + 10 * np.log10(2), atol=1e-9)
    np.testing.assert_allclose(mix(one, one, 60.0), -20, atol=1e-5)


@pytest.mark.parametrize(
    ("licence", "opened"),
    [
        ("CC0 1.0", True),
        ("CC BY 3.0", True),
        ("CC-BY-4.0", True),
        ("Public Domain (US National Park Service)", True),
        ("CC BY-NC 4.0 (NONCOMMERCIAL)", False),
        ("CC BY-SA 3.0", False),
        ("CC BY-ND 4.0", False),
        ("MIT (repository licence)", True),
        ("", False),
    ],
)
def test_only_open_licences_are_trained_on(licence, opened):
    assert is_open(licence) is opened


def test_labels_of_several_collections_meet():
    assert [class_of(label) for label in ("bird:tui", "bee", "rooster")] == ["birdsong", "bees", "rooster"]


def write_table(folder, rows):
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "metadata.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, ("file_name", "label", "licence", "source_id", "attribution"))
        writer.writeheader()
        writer.writerows({"licence": "CC0 1.0", "attribution": "test", **row} for row in rows)
    return folder


def test_a_recording_is_never_in_training_and_test_and_drops_are_counted(tmp_path):
    rows = [{"file_name": f"{i}.wav", "label": "rain", "source_id": f"fs:{i // 3}"} for i in range(60)]
    rows += [{"file_name": "n.wav", "label": "rain", "source_id": "fs:n", "licence": "CC BY-NC 3.0"}]
    rows += [{"file_name": "r.wav", "label": "rare", "source_id": "fs:r"}]
    examples, drops = read_examples([write_table(tmp_path, rows)], least_clips=20)
    held_out = {int(e.path.stem) // 3 for e in examples if e.held_out}
    kept = {int(e.path.stem) // 3 for e in examples if not e.held_out}
    assert held_out
    assert not held_out & kept
    assert drops == {"licence CC BY-NC 3.0": 1, "class too small": 1}


def test_strong_labels_name_both_sounds_of_a_composition(tmp_path):
    write_table(tmp_path, [{"file_name": "0.wav", "label": "rain", "source_id": "synthetic:1:0"}])
    events = [{"label": "rain"}, {"label": "owl"}, {"label": "rain"}]
    (tmp_path / "strong_labels.jsonl").write_text(json.dumps({"file_name": "0.wav", "events": events}) + "\n")
    (example,), _ = read_examples([tmp_path], least_clips=1)
    assert example.classes == ("rain", "owl")
    assert not example.real


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A classifier of tones, noises and clicks, trained from a folder in a few seconds."""
    folder = tmp_path_factory.mktemp("classifier")
    clips, rows = {}, []
    rng = np.random.default_rng(5)
    for i in range(24):
        clicks = np.zeros(32000, dtype=np.float32)
        clicks[:: int(rng.integers(3000, 6000))] = 0.9
        made = {"tone": tone(rng.uniform(200, 3000), 2.0), "noise": noise(i, 2.0), "clicks": clicks}
        for label, audio in made.items():
            clips[f"{label}{i}"] = audio
            rows.append({"file_name": f"{label}{i}.wav", "label": label, "source_id": f"test:{label}{i}"})
    write_table(write_set(folder / "clips", clips), rows)
    arguments = [
        folder / "clips",
        "--out",
        folder / "out",
        "--steps",
        25,
        "--batch",
        12,
        "--decoded-share",
        0,
        "--name",
        "tiny",
    ]
    assert main([str(argument) for argument in arguments]) == 0
    return folder


def test_training_from_a_folder_learns_its_classes_and_writes_a_card(trained):
    card = sound_cnn_weights.read_card(trained / "out", "tiny")
    assert card["classes"] == ["clicks", "noise", "tone"]
    assert card["test"]["clips: one sound"]["accuracy"] >= 0.9
    assert card["data_credits"] == ["CC0 1.0; test; "]
    judge = SoundCnn(trained / "out", "tiny")
    new = judge.logits([write_set(trained / "new", {"t": tone(700, 2.0) / 50}) / "t.wav"])
    assert judge.classes[new[0].argmax()] == "tone"


def test_embeddings_have_the_promised_width_and_do_not_depend_on_the_batch(trained):
    judge = SoundCnn(trained / "out", "tiny")
    path = trained / "clips" / "tone0.wav"
    rows = judge.embed([path, path])
    assert rows.shape == (2, judge.dimensions)
    np.testing.assert_array_equal(rows[0], rows[1])
    assert judge.identity["sha256"] == judge.card["sha256"]


def test_changed_weights_are_refused(trained, tmp_path):
    for name in ("tiny.json", "tiny.safetensors"):
        (tmp_path / name).write_bytes((trained / "out" / name).read_bytes())
    weights = bytearray((tmp_path / "tiny.safetensors").read_bytes())
    weights[-1] ^= 1
    (tmp_path / "tiny.safetensors").write_bytes(weights)
    with pytest.raises(ValueError, match="another sha256 than its card"):
        SoundCnn(tmp_path, "tiny")
