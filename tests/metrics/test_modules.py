"""Every metric as `evaluate` loads it: paths, folders and numbers in, a named figure out."""

import evaluate
import numpy as np
import pyarrow
import pytest
from pyarrow import parquet
from sklearn import metrics as sklearn_metrics

from metrics.distances import frechet_distance, inception_score, kernel_distance, kl_divergence
from metrics.distances.labels import classification_figures
from metrics.figures import set_metric
from metrics.figures.records import FRECHET, METRICS, TEXT_SCORE, metric_of
from tests.metrics.sounds import noise, tone, write_set

X = np.random.default_rng(1).normal(size=(60, 6))
Y = np.random.default_rng(2).normal(size=(50, 6)) * 1.2


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets")
    labels = {f"c{i}": ("tone", "noise")[i % 2] for i in range(8)}
    clips = {name: tone(300 + 40 * i, 1.5) if i % 2 == 0 else noise(i, 1.5) for i, name in enumerate(labels)}
    faint = {name: audio * 0.5 + noise(99 + i, 1.5, 0.01) for i, (name, audio) in enumerate(clips.items())}
    return write_set(folder / "generated", faint, labels), write_set(folder / "reference", clips, labels)


def load(name):
    return evaluate.load(f"./metrics/{name}")


def test_frechet_takes_paths_folders_and_arrays_of_unequal_length(folders):
    metric = load("frechet_audio_distance")
    assert metric.compute(predictions=X, references=Y)["frechet_distance"] == pytest.approx(frechet_distance(X, Y))
    generated, reference = folders
    options = {"embedder": "logmel-stats-v1", "cache": False}
    whole = metric.compute(predictions=str(generated), references=str(reference), per_clip=True, **options)
    assert whole["n_generated"] == whole["n_reference"] == 8
    assert whole["embedder"]["name"] == "logmel-stats-v1"
    fewer = [str(path) for path in sorted(generated.glob("*.wav"))[:5]]
    part = metric.compute(predictions=fewer, references=[[str(p) for p in sorted(reference.glob("*.wav"))]], **options)
    assert part["n_generated"] == 5
    assert part["frechet_distance[logmel-stats-v1]"] > 0


def test_the_name_of_published_figures_is_kept_for_vggish():
    assert FRECHET.key({"name": "vggish"}) == "frechet_audio_distance"
    assert FRECHET.key({"name": "clap"}) == "frechet_distance[clap]"
    assert metric_of("frechet_audio_distance") is metric_of("frechet_distance[clap]") is FRECHET
    assert TEXT_SCORE.key({"name": "clap"}) == "clap_score[clap]"


@pytest.mark.parametrize("record", [one for one in METRICS if one.module], ids=lambda one: one.module)
def test_a_module_is_described_by_its_record(record):
    metric = load(record.module)
    assert metric.record is record
    assert record.meaning in metric.description


def test_frechet_at_infinity_comes_with_its_line():
    one, two = (np.random.default_rng(seed).normal(size=(400, 32)) for seed in (1, 2))
    result = load("frechet_audio_distance").compute(predictions=one, references=two, infinity=True)
    assert result["infinity_slope"] > 0  # one distribution: what is left of the distance shrinks with 1/n
    assert result["infinity"] < result["frechet_distance"]


def test_kl_takes_arrays_and_dictionaries_and_refuses_an_embedder_without_classes(folders):
    metric = load("audio_kl_divergence")
    assert metric.compute(predictions=X, references=X * 2)["audio_kl_divergence"] == pytest.approx(
        kl_divergence(X * 2, X)
    )
    named = metric.compute(predictions={"a": X[0], "b": X[1]}, references={"b": Y[1], "c": Y[2]})
    assert named["audio_kl_divergence"] == pytest.approx(kl_divergence(Y[1:2], X[1:2]))
    assert (named["n_used"], named["only_in_generated"], named["only_in_reference"]) == (1, ["a"], ["c"])
    with pytest.raises(ValueError, match="logmel-stats-v1 gives no class logits"):
        metric.compute(predictions=str(folders[0]), references=str(folders[1]), embedder="logmel-stats-v1", cache=False)


def test_inception_and_kernel_modules_give_the_numbers_of_the_distances():
    inception = load("audio_inception_score").compute(predictions=X, splits=5)
    assert (inception["audio_inception_score"], inception["std"]) == pytest.approx(inception_score(X, 5, 2020))
    kernel = load("kernel_audio_distance").compute(predictions=X, references=Y, kid_subset_size=20, kid_subsets=3)
    assert kernel["kernel_audio_distance"] == pytest.approx(kernel_distance(X, Y))
    assert "kernel_inception_distance" in kernel


def test_clap_score_is_the_mean_cosine_of_its_pairs():
    metric = load("clap_score")
    result = metric.compute(predictions=np.array([[1.0, 0], [3, 4]]), references=np.array([[2.0, 0], [0, 1]]))
    assert result["per_clip"] == pytest.approx([1.0, 0.8])
    with pytest.raises(ValueError, match="60 sounds and 50 texts"):
        metric.compute(predictions=X, references=Y)


def test_spectral_module_measures_pairs_and_names_silent_references(folders, tmp_path):
    generated, reference = folders
    metric = load("log_spectral_distance")
    result = metric.compute(predictions=str(generated), references=str(reference))
    assert result["n_used"] == 8
    assert result["log_spectral_distance"] > 5.5  # half the amplitude alone is 6 dB
    assert metric.compute(predictions=str(reference), references=str(reference))["psnr_db"] is None
    silent = write_set(tmp_path, {"c0": np.zeros(24000, np.float32), "c1": noise(1, 1.5)})
    partly = metric.compute(predictions=str(generated), references=str(silent))
    assert partly["n_used"] == 1
    assert {one["name"] for one in partly["skipped"]} == {f"c{i}" for i in (0, 2, 3, 4, 5, 6, 7)}


def test_classification_score_trains_on_generated_and_tests_on_real(folders):
    generated, reference = folders
    metric = load("classification_accuracy_score")
    options = {"embedder": "logmel-stats-v1", "cache": False, "real_training": str(reference)}
    with pytest.warns(UserWarning, match="8 of 8 clips that are tested also taught the classifier"):
        result = metric.compute(predictions=str(generated), references=str(reference), **options)
    assert result["warnings"] == ["8 of 8 clips that are tested also taught the classifier (they are in real_training)"]
    assert result["classification_accuracy_score"] == 1.0
    assert result["real_only"]["macro_f1"] == 1.0
    assert result["real_and_generated"]["n_train"] == 16
    with pytest.raises(ValueError, match="labels= and reference_labels="):
        metric.compute(predictions=X, references=Y)


def test_a_dataset_of_this_project_gives_its_labels(folders, tmp_path):
    generated, reference = folders
    rows = [
        {
            "audio": {"bytes": (reference / f"c{i}.wav").read_bytes(), "path": None},
            "clip_id": f"c{i}",
            "label": ("tone", "noise")[i % 2],
            "caption": "",
        }
        for i in range(8)
    ]
    (tmp_path / "data" / "mini").mkdir(parents=True)
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "data" / "mini" / "train-00000-of-00001.parquet")
    options = {"embedder": "logmel-stats-v1", "cache": False}
    result = load("classification_accuracy_score").compute(
        predictions=str(generated), references=str(tmp_path), **options
    )
    assert (result["classification_accuracy_score"], result["n_test"]) == (1.0, 8)
    assert result["warnings"] == []


@pytest.mark.parametrize("side", ["predictions", "references"])
def test_the_set_without_labels_is_named(folders, tmp_path, side):
    bare = write_set(tmp_path / "bare", {f"b{i}": noise(i, 1.5) for i in range(3)})
    given = dict(zip(("predictions", "references"), map(str, folders), strict=True)) | {side: str(bare)}
    with pytest.raises(ValueError, match=f"None of the 3 clips of {side} has a label"):
        load("classification_accuracy_score").compute(embedder="logmel-stats-v1", cache=False, **given)


def test_macro_figures_equal_scikit_learns():
    rng = np.random.default_rng(3)
    labels, classes = rng.choice(["a", "b", "c"], 90, p=[0.7, 0.2, 0.1]), ["a", "b", "c"]
    probabilities = rng.dirichlet([1, 1, 1], 90) + 0.5 * (labels[:, None] == np.array(classes))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    figures = classification_figures(labels, probabilities, classes)
    guesses = np.array(classes)[probabilities.argmax(axis=1)]
    assert figures["accuracy"] == pytest.approx(sklearn_metrics.accuracy_score(labels, guesses))
    assert figures["macro_recall"] == pytest.approx(sklearn_metrics.balanced_accuracy_score(labels, guesses))
    assert figures["macro_f1"] == pytest.approx(sklearn_metrics.f1_score(labels, guesses, average="macro"))
    assert figures["macro_precision"] == pytest.approx(
        sklearn_metrics.precision_score(labels, guesses, average="macro")
    )
    expected = sklearn_metrics.roc_auc_score(labels, probabilities, multi_class="ovr", average="macro", labels=classes)
    assert figures["macro_auroc"] == pytest.approx(expected)


def test_numbers_are_told_from_names():
    assert set_metric.numbers_or_none(["a.wav"]) is None
    assert set_metric.numbers_or_none([["a.wav", "b.wav"]]) is None
    assert set_metric.numbers_or_none([[1.0, 2.0]]).shape == (1, 2)
    assert set_metric.numbers_or_none("folder") is None
