"""Classifiers: what they see, how they are trained, what their figures mean, and what is kept of them."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from bioacoustics.__main__ import main
from bioacoustics.classifiers.augmentation import NONE, Augmentation, at_ratio, changed, masked, mixed
from bioacoustics.classifiers.clips import ClipsProblem, folds_by_recording, loudest_part, read_clips
from bioacoustics.classifiers.embeddings import embedded_clips
from bioacoustics.classifiers.figures import by_class, calibration, confusion, figures, macro_figures
from bioacoustics.classifiers.front_end import as_bytes, from_bytes, front_end, normalised_per_channel
from bioacoustics.classifiers.losses import binary, cross_entropy, focal
from bioacoustics.classifiers.model_files import ClassifierProblem, load_classifier
from bioacoustics.classifiers.network import NETWORKS
from bioacoustics.classifiers.trainer import TrainingSettings, chances, fit, scores, validation_score
from tests.next_lines import follow

RATE = 16_000
FRONT = front_end(rate_hz=RATE, bands=32, window_ms=32, step_ms=16)


def write_set(folder, clips=8, seconds=1.0, classes=(("low", 500), ("high", 4000))):
    """Tones of two pitches in noise, two clips a recording."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    t = np.arange(round(seconds * RATE)) / RATE
    with (folder / "metadata.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file_name", "caption", "label", "source_id", "licence"))
        for label, hz in classes:
            for number in range(clips):
                tone = 0.2 * np.sin(2 * np.pi * hz * rng.uniform(0.9, 1.1) * t) * (t > rng.uniform(0, 0.5))
                soundfile.write(folder / f"{label}{number}.wav", tone + 0.01 * rng.standard_normal(len(t)), RATE)
                writer.writerow((f"{label}{number}.wav", f"a {label} tone", label, f"{label}-{number // 2}", "CC0 1.0"))
    return folder


@pytest.fixture(scope="module")
def tones(tmp_path_factory):
    return write_set(tmp_path_factory.mktemp("set") / "tones")


@pytest.fixture(scope="module")
def clips(tones):
    return read_clips(tones, FRONT, seconds=1.0)


def test_pcen_is_librosas():
    librosa = pytest.importorskip("librosa")
    db = np.random.default_rng(0).uniform(-80, 0, (60, 8)).astype(np.float32)
    theirs = librosa.pcen(
        (10 ** (db / 20)).T * 2**31, sr=1000, hop_length=20, gain=0.8, bias=10, power=0.25, time_constant=0.4, eps=1e-6
    )
    np.testing.assert_allclose(normalised_per_channel(db, 0.02), theirs.T / 2, rtol=1e-3)


def test_bytes_hold_levels_to_a_quarter_of_a_decibel():
    db = np.random.default_rng(0).uniform(-120, 0, (10, 4))
    assert np.abs(from_bytes(as_bytes(db)) - db).max() <= 0.25 + 1e-5


def test_levels_do_not_hear_gain():
    audio = np.random.default_rng(0).standard_normal(RATE).astype(np.float32) * 0.1
    np.testing.assert_allclose(FRONT.levels(FRONT.db(audio)), FRONT.levels(FRONT.db(audio * 0.3)), atol=1e-3)


def test_a_sound_at_a_ratio_is_that_much_louder_than_the_noise():
    db = np.full((20, 4), -20.0)
    noise = np.full((20, 4), -70.0)
    np.testing.assert_allclose(10 ** (at_ratio(db, noise, 10) / 10), 10**-2 * 1.1, rtol=1e-5)


def test_nothing_changes_without_augmentation():
    db = np.random.default_rng(0).uniform(-80, 0, (20, 8))
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(masked(changed(db, None, NONE, rng), NONE, rng), db)


def test_mixup_mixes_labels_as_it_mixes_sounds():
    levels, targets = np.eye(4)[:, None, :].astype(np.float32), np.eye(4, dtype=np.float32)
    made, said = mixed(levels, targets, Augmentation(mixup=1.0), np.random.default_rng(0))
    np.testing.assert_allclose(made[:, 0], said, rtol=1e-6)
    assert ((said > 0).sum(axis=1) == 2).any()


def test_balanced_drawing_gives_every_class_the_same_share():
    targets = np.eye(3)[[0] * 10 + [1] * 2 + [2]]
    drawn = chances(targets, balanced=True)
    np.testing.assert_allclose([drawn[:10].sum(), drawn[10:12].sum(), drawn[12]], 1 / 3)


def test_clips_without_a_class_are_drawn_as_often_as_one_class():
    targets = np.array([[1, 0], [0, 1], [0, 0], [0, 0], [0, 0]], float)
    np.testing.assert_allclose(chances(targets, True), [1 / 3, 1 / 3, 1 / 9, 1 / 9, 1 / 9])


def test_losses_are_torchs_and_focal_weighs_easy_clips_down():
    logits, targets = torch.tensor([[4.0, -4.0], [0.1, -0.2]]), torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    assert torch.isclose(
        cross_entropy(logits, targets, 0.0), torch.nn.functional.cross_entropy(logits, torch.tensor([0, 0]))
    )
    plain = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets)
    assert torch.isclose(binary(logits, targets, 0.0), plain)
    ratio = [
        float(focal(logits[n : n + 1], targets[n : n + 1], 0) / binary(logits[n : n + 1], targets[n : n + 1], 0))
        for n in (0, 1)
    ]
    assert ratio[0] < 0.01 < ratio[1]


def test_folds_never_divide_a_recording_and_hold_every_class(clips):
    tested = []
    for training, test in folds_by_recording(clips, 4):
        assert not set(clips.recordings[training]) & set(clips.recordings[test])
        assert clips.targets[test].sum(axis=0).min() > 0
        tested += list(test)
    assert sorted(tested) == list(range(len(clips)))


def test_the_loudest_part_is_found_and_short_sounds_are_padded():
    audio = np.zeros(1000, np.float32)
    audio[700:800] = 1
    assert loudest_part(audio, 200).sum() == pytest.approx(100)
    assert len(loudest_part(audio[:50], 200)) == 200


@pytest.mark.parametrize("network", ["cnn", "crnn"])
def test_networks_learn_two_pitches_from_other_recordings(clips, network):
    training, test = folds_by_recording(clips, 4)[0]
    settings = TrainingSettings(network=network, steps=40, batch=8, look_every=20)
    fitted = fit(clips.at(training), FRONT, settings)
    assert macro_figures(clips.targets[test], scores(fitted.network, clips.at(test), FRONT))["macro_f1"] == 1


def test_a_linear_head_stands_on_an_embedder(tones):
    clips = embedded_clips(tones, "logmel-stats-v1")
    training, test = folds_by_recording(clips, 4)[0]
    fitted = fit(clips.at(training), None, TrainingSettings(network="linear", steps=60, batch=8, rate=1e-2))
    assert macro_figures(clips.targets[test], scores(fitted.network, clips.at(test), None))["macro_f1"] == 1


def test_the_same_seed_trains_the_same_network(clips):
    settings = TrainingSettings(steps=3, batch=4, seed=5)
    first, second, other = (fit(clips, FRONT, s) for s in (settings, settings, replace(settings, seed=6)))
    weights = [torch.cat([p.flatten() for p in one.network.parameters()]) for one in (first, second, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_training_ends_early_and_keeps_the_best_look(clips):
    settings = TrainingSettings(steps=200, batch=8, look_every=5, patience=2)
    fitted = fit(clips, FRONT, settings, validation=clips)
    assert fitted.history[-1][0] < 200
    assert validation_score(fitted.network, clips, FRONT) == pytest.approx(max(one[2] for one in fitted.history))


def test_several_labels_a_clip_are_learned(tmp_path):
    folder = write_set(tmp_path / "set", classes=(("low", 500), ("high", 4000), ("low|high", 500)))
    clips = read_clips(folder, FRONT, 1.0)
    assert clips.classes == ("high", "low")
    assert clips.multi_label
    given = scores(fit(clips, FRONT, TrainingSettings(steps=2, batch=4)).network, clips, FRONT)
    assert given.min() >= 0
    assert given.max() <= 1


def test_figures_are_scikit_learns():
    from sklearn import metrics

    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=60)
    given = rng.dirichlet(np.ones(3), 60)
    targets, said = np.eye(3)[labels], given.argmax(axis=1)
    table = figures(targets, given)
    assert table["macro_accuracy"]["value"] == pytest.approx(metrics.balanced_accuracy_score(labels, said))
    assert table["macro_f1"]["value"] == pytest.approx(metrics.f1_score(labels, said, average="macro"))
    assert table["macro_auroc"]["value"] == pytest.approx(metrics.roc_auc_score(labels, given, multi_class="ovr"))
    assert table["map"]["value"] == pytest.approx(metrics.average_precision_score(targets, given, average="macro"))
    assert all(one["low"] <= one["value"] <= one["high"] for one in table.values())
    assert confusion(targets, given) == metrics.confusion_matrix(labels, said).tolist()
    assert by_class(targets, given, ("a", "b", "c"))[0]["recall"] == pytest.approx(
        metrics.recall_score(labels, said, average=None)[0]
    )


def test_intervals_are_wider_when_clips_share_recordings():
    rng = np.random.default_rng(0)
    right = np.repeat(rng.random(10) < 0.7, 20)
    given = np.where(right[:, None], [[0.9, 0.1]], [[0.1, 0.9]])
    targets = np.tile([[1.0, 0.0]], (200, 1))
    apart, together = (figures(targets, given, names)["macro_recall"] for names in (None, np.repeat(np.arange(10), 20)))
    assert together["high"] - together["low"] > 2 * (apart["high"] - apart["low"])


def test_calibration_of_honest_scores_is_small_and_of_boasting_is_not():
    rng = np.random.default_rng(0)
    chance = rng.uniform(0.5, 1, 5000)
    right = rng.random(5000) < chance
    targets = np.stack([right, ~right], axis=1).astype(float)
    honest = np.stack([chance, 1 - chance], axis=1)
    assert calibration(targets, honest)["expected_calibration_error"] < 0.03
    assert calibration(targets, np.tile([[0.99, 0.01]], (5000, 1)))["expected_calibration_error"] > 0.2


def test_learn_writes_a_classifier_that_classify_reads(tmp_path, tones, capsys):
    out = tmp_path / "model"
    command = ["learn", "classifier", str(tones), "--out", str(out), "--steps", "30", "--batch", "8", "--seconds", "1"]
    assert main([*command, "--noise", str(tones), "--sweep", "2"]) == 0
    card = json.loads((out / "classifier.json").read_text())
    assert card["split"]["training"] + card["split"]["validation"] + card["split"]["test"] == 16
    assert len(card["sweep"]) == 2
    assert card["licences"] == ["CC0 1.0"]
    scored = tmp_path / "scores.csv"
    assert main(["classify", str(tones), "--model", str(out), "--out", str(scored), "--weather", str(tones)]) == 0
    facts = json.loads(scored.with_suffix(".json").read_text())
    assert facts["n"] == 16
    assert [row["ratio_db"] for row in facts["robustness"]] == [None, 20, 10, 0, 20, 10, 0]
    assert "macro F1" in capsys.readouterr().out


@pytest.mark.next_line("bioacoustics/commands/learn.py learn_classifier")
def test_a_classifier_that_was_changed_is_refused(tmp_path, tones, capsys, monkeypatch):
    out = tmp_path / "model"
    assert (
        main(["learn", "classifier", str(tones), "--out", str(out), "--steps", "2", "--batch", "4", "--seconds", "1"])
        == 0
    )
    monkeypatch.chdir(tmp_path)
    assert follow(capsys.readouterr().out, RECORDINGS=tones) == 0
    weights = out / "classifier.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(ClassifierProblem, match="not what its card says"):
        load_classifier(out)
    weights.unlink()
    with pytest.raises(ClassifierProblem, match="holds no classifier"):
        load_classifier(out)


def test_a_set_without_labels_or_with_one_class_teaches_nothing(tmp_path, capsys):
    folder = write_set(tmp_path / "one", classes=(("low", 500),))
    assert main(["learn", "classifier", str(folder), "--out", str(tmp_path / "m"), "--seconds", "1"]) == 4
    assert "one class" in capsys.readouterr().err
    (folder / "metadata.csv").write_text("file_name,caption\nlow0.wav,a tone\n")
    with pytest.raises(ClipsProblem, match="label"):
        read_clips(folder, FRONT)


def test_files_that_cannot_be_read_are_named_and_left_out(tmp_path):
    folder = write_set(tmp_path / "set", clips=2)
    (folder / "low0.wav").write_bytes(b"no sound")
    clips = read_clips(folder, FRONT, 1.0)
    assert len(clips) == 3
    assert clips.dropped[0][0].endswith("low0.wav")


@pytest.mark.parametrize("network", NETWORKS)
def test_networks_give_one_logit_a_class(network):
    made = NETWORKS[network](3, 32, 0.1)
    assert made(torch.zeros(2, 60, 32)).shape == (2, 3)
