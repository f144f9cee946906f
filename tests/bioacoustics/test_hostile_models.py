"""A model from elsewhere names no file outside of the folder; where it does not fit it is refused in a sentence."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from bioacoustics.classifiers.clips import ClipsProblem, folds_by_recording
from bioacoustics.classifiers.model_files import load_classifier
from bioacoustics.separation.model import KIND, SeparationModel, front_end
from spectrogram.problems import Problem

PARAMS = front_end(bands=16)


def saved(path, bases=None, source_of=None, **header):
    """A model of one source, with some of it otherwise."""
    told = {"kind": KIND, "version": "1", "sources": '["birds"]', "frames": "1", "params": PARAMS.to_json()}
    told |= {"credits": "[]", "steady": "[]"} | header
    bases = np.ones((16, 2), np.float32) if bases is None else bases
    source_of = np.zeros(2, np.int64) if source_of is None else source_of
    save_file({"bases": bases, "source_of": source_of}, path, metadata=told)
    return path


def test_a_good_model_is_read(tmp_path):
    assert SeparationModel.load(saved(tmp_path / "s.safetensors")).sources == ("birds",)


@pytest.mark.parametrize(
    "header",
    [
        {"sources": '["../../ESCAPED"]'}, {"sources": '["/tmp/ESCAPED"]'}, {"sources": "5"}, {"sources": "{"},
        {"sources": '["a\\u0000b"]'}, {"frames": "1000000000"}, {"frames": "x"}, {"params": "{}"}, {"steady": "null"},
        {"params": PARAMS.replace(window_ms=32_000.0, step_ms=16_000.0).to_json()}, {"credits": "[" * 5000},
    ],
)  # fmt: skip
def test_a_hostile_header_is_refused(tmp_path, header):
    with pytest.raises(Problem):
        SeparationModel.load(saved(tmp_path / "s.safetensors", **header))


@pytest.mark.parametrize(
    ("bases", "source_of"),
    [
        (np.ones((15, 2), np.float32), None),
        (np.ones(32, np.float32), None),
        (np.full((16, 2), np.nan, np.float32), None),
        (-np.ones((16, 2), np.float32), None),
        (None, np.array([0, 7])),
        (None, np.array([0, -1])),
        (None, np.zeros(3, np.int64)),
        (None, np.zeros(2, np.float32)),
    ],
)
def test_bases_that_do_not_fit_together_are_refused(tmp_path, bases, source_of):
    with pytest.raises(Problem):
        SeparationModel.load(saved(tmp_path / "s.safetensors", bases, source_of))


CARD = {"network": "cnn", "classes": ["a"], "seconds": 1.0, "multi_label": False, "front_end": None, "embedder": None}


@pytest.mark.parametrize(
    "card",
    [
        b"", b"\xff\xfe", b"[" * 20_000, b"{}", json.dumps(CARD).encode(),
        json.dumps(CARD | {"sha256": "0", "classes": 5}).encode(),
        json.dumps(CARD | {"sha256": "0", "seconds": 1e300}).encode(),
        json.dumps(CARD | {"sha256": "0", "network": "os.system"}).encode(),
    ],
)  # fmt: skip
def test_a_damaged_card_of_a_classifier_is_refused(tmp_path, card):
    (tmp_path / "classifier.json").write_bytes(card)
    (tmp_path / "classifier.safetensors").write_bytes(b"")
    with pytest.raises(Problem):
        load_classifier(tmp_path)


def test_a_class_with_fewer_clips_than_folds_is_told():
    class Few:
        recordings = tuple(map(str, range(8)))
        labels = np.array(["low"] * 4 + ["high"] * 4)

        def __len__(self):
            return 8

    with pytest.raises(ClipsProblem, match="One class has 4 clips"):
        folds_by_recording(Few(), 5)
