"""A row is found by number or id and comes out as picture, sound and the sound of the picture."""

import pytest
import soundfile
from pyarrow import parquet

from dataset_builder.build import Settings, build
from dataset_builder.commands import inspect
from dataset_builder.intake.captions import read_entries


@pytest.fixture
def dataset(folder, tmp_path):
    build(read_entries(folder), tmp_path / "set", Settings())
    return tmp_path / "set"


def test_the_summary_counts_splits_labels_and_licences(dataset, capsys):
    assert inspect.main([str(dataset)]) == 0
    shown = capsys.readouterr().out
    assert "train: " in shown
    assert "CC0 1.0" in shown


def test_a_row_is_written_as_picture_sound_and_decoded_sound(dataset, tmp_path, capsys):
    assert inspect.main([str(dataset), "0", "--out", str(tmp_path / "look")]) == 0
    paths = sorted((tmp_path / "look").iterdir())
    assert [path.suffix for path in paths] == [".flac", ".png", ".wav"]
    assert soundfile.info(paths[0]).frames == soundfile.info(paths[2]).frames
    assert "clip_id" in capsys.readouterr().out


def test_a_clip_id_is_found_in_any_split(dataset, capsys):
    (path,) = (dataset / "data" / "mini").glob("test-*.parquet")
    wanted = parquet.read_table(path, columns=["clip_id"])["clip_id"][0].as_py()
    assert inspect.main([str(dataset), f"x{wanted}"]) == 2
    assert inspect.find(dataset, "mini", "train", wanted)["clip_id"] == wanted


def test_a_row_that_is_not_there_is_a_usage_error(dataset, capsys):
    assert inspect.main([str(dataset), "999"]) == 2
    assert "There is no row 999 in train" in capsys.readouterr().err


def test_a_folder_without_data_is_refused(tmp_path, capsys):
    assert inspect.main([str(tmp_path)]) == 4
