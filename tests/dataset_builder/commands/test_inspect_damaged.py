"""A dataset of which a shard, its media or its settings are damaged is refused in a sentence."""

import pyarrow
import pytest
from pyarrow import parquet

from dataset_builder.__main__ import main


def laid(folder, data=None, rows=None):
    place = folder / "ds" / "data" / "mini"
    place.mkdir(parents=True)
    path = place / "train-00000-of-00001.parquet"
    if rows is not None:
        parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    else:
        path.write_bytes(data)
    return str(folder / "ds")


@pytest.mark.parametrize("words", [[], ["0"], ["a-clip"]])
@pytest.mark.parametrize("data", [b"", b"PAR1" + bytes(40) + b"PAR1", b"PAR1" + b"\xff" * 400 + b"PAR1"])
def test_a_damaged_shard(tmp_path, capsys, data, words):
    assert main(["inspect", laid(tmp_path, data), *words]) == 4
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    "row",
    [
        {"clip_id": "a"}, {"image": "x", "audio": 5}, {"image": {"bytes": b""}}, {"image": {"bytes": b"no picture"}},
        {"image": None, "clip_id": None}, {"image": {"path": "../x"}},
    ],
)  # fmt: skip
def test_a_row_without_its_media(tmp_path, capsys, row):
    assert main(["inspect", laid(tmp_path, rows=[row]), "0", "--out", str(tmp_path / "out")]) == 4
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


@pytest.mark.parametrize("text", ["", "[]", "{", '{"presets": 5}', "[" * 20_000, "\x00"])
def test_damaged_settings(tmp_path, capsys, text):
    folder = laid(tmp_path, rows=[{"label": "a", "licence": "b"}])
    (tmp_path / "ds" / "settings.json").write_text(text)
    assert main(["inspect", folder]) == 4
    assert "settings.json" in capsys.readouterr().err


def test_a_dataset_of_others_has_no_labels(tmp_path):
    assert main(["inspect", laid(tmp_path, rows=[{"caption": "rain"}])]) == 0
