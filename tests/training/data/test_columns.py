"""Datasets of pictures that others made: their column of captions, and what is said of one that has none."""

import json

import pytest
from PIL import Image

from spectrogram.params import SpectrogramParams
from spectrogram.problems import Problem
from training.data.dataset import read


@pytest.fixture
def pictures(tmp_path):
    """pictures([{...}, ...]): an ImageFolder with those columns beside file_name."""

    def write(rows):
        lines = []
        for number, row in enumerate(rows):
            Image.new("RGB", (256, 128), (number, 0, 0)).save(tmp_path / f"{number}.png")
            lines.append(json.dumps({"file_name": f"{number}.png", **row}) + "\n")
        (tmp_path / "metadata.jsonl").write_text("".join(lines))
        (tmp_path / "spectrogram.json").write_text(SpectrogramParams.preset("mini").to_json())
        return tmp_path

    return write


@pytest.mark.parametrize("column", ["text", "caption", "Description"])
def test_captions_are_found_by_their_usual_names(pictures, column):
    found = read(pictures([{column: f"tone {n}"} for n in range(3)]))
    assert found.captions == [["tone 0"], ["tone 1"], ["tone 2"]]


def test_a_dataset_without_captions_is_told_its_columns(pictures):
    with pytest.raises(Problem, match=r"has the columns image, mood \(expected a column caption \(or text\)\)"):
        read(pictures([{"mood": "calm"}, {"mood": "loud"}]))


def test_a_clip_without_a_caption_is_named(pictures):
    with pytest.raises(Problem, match="train row 2 has no caption"):
        read(pictures([{"text": "rain"}, {"text": None}]))
