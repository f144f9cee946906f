"""An ear from outside: it is asked where its file is, and its table is what its scores say."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from dataset_builder.soundscapes.composer import RATE_HZ, SECONDS, render_event
from dataset_builder.soundscapes.synthesis.catalogue import CLASSES
from metrics.embedders.outside_ear import ACCEPTED, OutsideEar, table
from spectrogram.problems import Problem

FILE = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "yamnet" / "yamnet.tflite"


@pytest.fixture(scope="module")
def ear():
    pytest.importorskip("ai_edge_litert")
    if not FILE.is_file():
        pytest.skip("the outside ear's file is not beside the project")
    return OutsideEar(FILE)


def test_a_missing_file_is_a_problem_that_says_what_to_leave_out(tmp_path):
    with pytest.raises(Problem, match=r"are not both there.*Leave out --ear"):
        OutsideEar(tmp_path / "yamnet.tflite")


def test_every_class_of_the_base_has_accepted_names():
    assert set(CLASSES) <= set(ACCEPTED)


def test_every_accepted_name_is_one_that_the_ear_knows(ear):
    assert all(ear.accepted(label) for label in ACCEPTED)


def test_a_siren_is_heard_as_a_siren_and_not_as_rain(ear):
    scores = ear.scores(render_event(np.random.default_rng(0), "siren", SECONDS, ())[0], RATE_HZ)
    assert scores.shape == (2, len(ear.names))
    assert ear.hears(scores, "siren")
    assert not ear.hears(scores, "rain")


def test_a_clip_shorter_than_a_frame_is_heard(ear):
    assert np.isfinite(ear.scores(np.ones(1000), RATE_HZ)).all()


def test_the_auc_of_a_class_is_that_of_scikit_learn(ear):
    rng = np.random.default_rng(0)
    labels = ["siren"] * 6 + ["rain"] * 6
    scores = list(rng.random((12, 2, len(ear.names)), dtype=np.float32))
    result = table(ear, labels, scores)
    expected = roc_auc_score([1] * 6 + [0] * 6, [ear.strength(one, "siren") for one in scores])
    assert result["by_class"]["siren"]["auc"] == pytest.approx(expected)
    assert result["top5"] == pytest.approx(np.mean([own["top5"] for own in result["by_class"].values()]))
