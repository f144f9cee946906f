"""The whole run: command line, results.json, control rows, report; every gap is named and no number is a lie."""

import json

import numpy as np
import pytest

from metrics.__main__ import main
from metrics.embedders import load
from metrics.figures.comparison import compare
from metrics.figures.controls import control_rows
from metrics.report.extremes import worst_and_best
from metrics.report.results import assemble_results, write_results
from metrics.sets.embedding import EmbeddedSet, embed_set
from metrics.sets.sound_set import Sound, read_collection
from tests.metrics.sounds import noise, tone, write_set

IDENTITY = {"name": "made-up", "version": "1", "sha256": "0" * 64}
CLASSES = ("hiss", "tone", "click")


def made_set(seed, clips=12, shift=0.0, labels=None):
    """A set without audio: two rows of 4 numbers and 3 logits a clip."""
    rng = np.random.default_rng(seed)
    sounds = [Sound(f"c{i:02d}", None, labels[i] if labels else "") for i in range(clips)]
    rows = [rng.normal(size=(2, 4)) + shift for _ in range(clips)]
    return EmbeddedSet(IDENTITY, sounds, rows, [rng.normal(size=3) for _ in range(clips)], [], CLASSES)


def test_every_figure_names_its_embedder_and_lies_in_its_interval():
    figures = compare(made_set(1, shift=1.0), made_set(2), resamples=50)
    assert all(name.endswith("[made-up]") for name in figures)
    for figure in figures.values():
        assert figure["low"] <= figure["value"] <= figure["high"]


def test_two_embedders_are_not_compared():
    other = made_set(2)
    other.identity = IDENTITY | {"sha256": "1" * 64}
    with pytest.raises(ValueError, match="differ in sha256"):
        compare(made_set(1), other)


def test_class_accuracy_counts_labels_that_the_classifier_knows():
    labels = ["tone", "hiss", "unheard of"] * 4
    generated = made_set(1, labels=labels)
    for i, label in enumerate(labels):
        generated.clip_logits[i] = 9.0 * (np.array(CLASSES) == label)
    generated.clip_logits[0] = np.array([0, 0, 9.0])
    figure = compare(generated, made_set(2), resamples=0)["prompted_class_accuracy[made-up]"]
    assert figure["value"] == pytest.approx(7 / 8)
    assert figure["by_class"]["tone"] == {"accuracy": 0.75, "n": 4}


def test_kl_needs_common_names_and_lists_the_others():
    generated, reference = made_set(1), made_set(2)
    generated.sounds = [Sound(f"c{i + 6:02d}", None) for i in range(12)]
    figure = compare(generated, reference, resamples=0)["audio_kl_divergence[made-up]"]
    assert figure["n_used"] == 6
    assert figure["only_in_reference"] == [f"c{i:02d}" for i in range(6)]
    generated.sounds = [Sound(f"x{i}", None) for i in range(12)]
    assert not any(name.startswith("audio_kl") for name in compare(generated, reference, resamples=0))


def test_a_figure_that_cannot_be_computed_says_why_instead_of_a_number():
    silent = made_set(2)
    silent.clip_rows = [np.zeros((2, 4))] * 12
    figures = compare(made_set(1), silent, resamples=0)
    figure = figures["kernel_audio_distance[made-up]"]
    assert figure["value"] is None
    assert "bandwidth is 0" in figure["note"]
    one_clip = made_set(3, clips=1).choose([0])
    one_clip.clip_rows = [np.zeros((1, 4))]
    assert "has 1 row" in compare(one_clip, made_set(2), resamples=0)["frechet_distance[made-up]"]["note"]


def test_warnings_count_small_repeated_and_skipped_sets():
    generated = made_set(1, clips=2)
    generated.skipped.append(("gone", "cannot be decoded"))
    reference = made_set(2)
    reference.clip_rows[3] = reference.clip_rows[4]
    results = assemble_results(generated, reference, compare(generated, reference, resamples=0))
    told = " ".join(results["warnings"])
    for text in (
        "4 rows for 4 dimensions",
        "1 clips embed exactly like",
        "1 clips could not be read",
        "2 generated and 12",
    ):
        assert text in told
    assert results["skipped"] == [{"set": "generated", "name": "gone", "reason": "cannot be decoded"}]


def test_a_figure_that_needs_pairs_says_why_it_is_left_out():
    generated, reference = made_set(1), made_set(2)
    generated.sounds = [Sound(f"x{i}", None) for i in range(12)]
    told = assemble_results(generated, reference, compare(generated, reference, resamples=0))["warnings"]
    cause = "no clip has the same name in both sets (the first are 'x0' and 'c00')"
    remedy = "name each generated clip like the clip that it stands for"
    assert f"audio_kl_divergence is left out: {cause}; {remedy}" in told


def test_nan_never_reaches_the_file(tmp_path):
    results = assemble_results(made_set(1), made_set(2), {"fine": {"value": 1.0}})
    with pytest.raises(ValueError, match=r"results.metrics.bad.value is nan"):
        assemble_results(made_set(1), made_set(2), {"bad": {"value": float("nan")}})
    path = write_results(results, tmp_path / "new" / "results.json")
    assert json.loads(path.read_text())["metrics"] == {"fine": {"value": 1.0}}
    assert [entry.name for entry in path.parent.iterdir()] == ["results.json"]


def test_worst_and_best_pairs_are_ordered():
    generated, reference = made_set(1), made_set(2)
    generated.clip_logits[5] = reference.clip_logits[5].copy()
    generated.clip_logits[7] = -20 * reference.clip_logits[7]
    worst, best = worst_and_best(generated, reference, count=3)
    assert (worst[0].generated.name, best[0].generated.name) == ("c07", "c05")
    assert worst[0].distance > worst[1].distance > best[1].distance > best[0].distance


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    clips = {f"c{i}": tone(200 * (i + 1), 1.2) if i % 2 else noise(i, 1.2) for i in range(6)}
    changed = {name: audio + noise(50 + i, 1.2, 0.05) for i, (name, audio) in enumerate(clips.items())}
    return write_set(folder / "generated", changed), write_set(folder / "reference", clips)


def test_the_command_writes_results_and_a_report_to_listen_to(folders, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("SD_AUDIO_CACHE", str(tmp_path / "cache"))
    arguments = [*map(str, folders), "--embedder", "logmel-stats-v1", "--resamples", "20"]
    arguments += ["--out", str(tmp_path / "r.json"), "--html", str(tmp_path / "r.html"), "--also", f"same={folders[1]}"]
    assert main(arguments) == 0
    results = json.loads((tmp_path / "r.json").read_text())
    assert results["n_generated"] == 6
    assert results["embedder"]["name"] == "logmel-stats-v1"
    assert results["rows"]["same"]["frechet_distance[logmel-stats-v1]"] == pytest.approx(0, abs=1e-6)
    page = (tmp_path / "r.html").read_text()
    assert page.count("<audio") == 12
    assert results["differences"]["same"]["frechet_distance[logmel-stats-v1]"]["value"] > 0
    assert "This set minus same" in page
    shown = capsys.readouterr().out
    assert f"{folders[0]} (6 clips) against {folders[1]} (6 clips), logmel-stats-v1\n" in shown
    assert "this set minus same" in shown


def test_an_unreadable_clip_ends_with_exit_code_3_and_its_name(folders, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("SD_AUDIO_CACHE", str(tmp_path / "cache"))
    write_set(tmp_path / "g", {f"c{i}": noise(i) for i in range(3)})
    (tmp_path / "g" / "broken.wav").write_bytes(b"RIFF")
    arguments = [str(tmp_path / "g"), str(folders[1]), "--embedder", "logmel-stats-v1", "--resamples", "0"]
    assert main([*arguments, "--out", str(tmp_path / "r.json")]) == 3
    assert "broken" in capsys.readouterr().out


def test_a_missing_folder_ends_with_exit_code_4_and_no_traceback(tmp_path, capsys):
    assert main([str(tmp_path / "none"), str(tmp_path), "--embedder", "logmel-stats-v1"]) == 4
    assert "does not exist" in capsys.readouterr().err


def test_the_codec_ceiling_is_nearer_to_the_reference_than_noise_and_silence(folders):
    embedder = load("logmel-stats-v1")
    rows = control_rows(embedder, embed_set(read_collection(folders[1]), embedder))
    distance = {name: values["frechet_distance[logmel-stats-v1]"] for name, values in rows.items()}
    ceiling = distance.pop(next(name for name in distance if name.startswith("codec ceiling")))
    assert ceiling < distance["white noise"]
    assert ceiling < distance["silence"]
    assert distance["shuffled pairs"] == pytest.approx(0, abs=1e-6)
