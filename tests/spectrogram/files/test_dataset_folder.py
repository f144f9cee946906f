"""The one description of a dataset folder, on folders of ours and of others."""

import pyarrow
import pytest
from pyarrow import parquet

from spectrogram.files import dataset_folder
from spectrogram.files.dataset_rows import load_splits
from spectrogram.params import SpectrogramParams
from spectrogram.problems import Problem


def write(path, ids):
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pyarrow.table({"clip_id": ids}), path)


@pytest.fixture
def built(tmp_path):
    for config, split, ids in (("mini", "test", ["c"]), ("mini", "train", ["a", "b"]), ("log", "train", ["a", "b"])):
        write(dataset_folder.data_folder(tmp_path, config) / dataset_folder.shard_name(split, 0, 1), ids)
    (tmp_path / "settings.json").write_text('{"presets": ["mini", "log"]}')
    (tmp_path / "spectrogram.json").write_text(SpectrogramParams.preset("mini").to_json())
    return tmp_path


def test_configs_shards_and_rows_of_a_dataset_of_ours(built):
    assert dataset_folder.configs(built) == ["mini", "log"]
    shards = dataset_folder.shards(built)
    assert [dataset_folder.split_of(path) for path in shards] == ["train", "test"]
    assert [row["clip_id"] for row in dataset_folder.rows(shards, ("clip_id", "missing"))] == ["a", "b", "c"]
    assert len(dataset_folder.shards(built, "log", "train")) == 1
    assert dataset_folder.params(built) == SpectrogramParams.preset("mini")


def test_a_dataset_of_others_is_one_config_without_a_name(tmp_path):
    for name in ("train-00000-of-00001-0123456789abcdef.parquet", "my-split-00000.parquet", "validation.parquet"):
        write(tmp_path / "data" / name, ["a"])
    assert dataset_folder.configs(tmp_path) == [""]
    splits = [dataset_folder.split_of(path) for path in dataset_folder.shards(tmp_path)]
    assert splits == ["train", "validation", "my-split"]
    assert dataset_folder.params(tmp_path) is None


def test_a_folder_without_rows_is_none_and_broken_ones_are_named(built, tmp_path):
    with pytest.raises(Problem, match="holds no data"):
        dataset_folder.configs(tmp_path / "elsewhere")
    (built / "settings.json").write_text("{")
    with pytest.raises(Problem, match=r"settings\.json is damaged"):
        dataset_folder.configs(built)
    shard = dataset_folder.shards(built, "mini")[0]
    shard.write_bytes(b"PAR1 torn")
    with pytest.raises(Problem, match=r"train-00000-of-00001\.parquet cannot be read"):
        list(dataset_folder.rows([shard], ("clip_id",)))


@pytest.mark.parametrize("name", ["/nowhere/at all", "my owls", "a/b/c"])
def test_a_mistyped_dataset_is_one_sentence_with_what_is_there(tmp_path, monkeypatch, name):
    (tmp_path / "my owl's").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Problem, match="is no dataset") as caught:
        load_splits(name)
    assert ("There is my owl's" in str(caught.value)) == (name == "my owls")


@pytest.mark.parametrize(
    "card",
    [b"---\n\xa6\n---\n", b"---\na: [\n---\n", b"---\nconfigs: [[5]]\n---\n", b"---\n- a\n---\n",
     b"---\nconfigs:\n- config_name: 7\n  data_files: {a: 1}\n---\n"],
)  # fmt: skip
def test_a_dataset_of_others_with_a_damaged_card_is_a_sentence(tmp_path, card):
    (tmp_path / "ds").mkdir()
    parquet.write_table(pyarrow.table({"a": [1, 2]}), tmp_path / "ds" / "train-00000-of-00001.parquet")
    (tmp_path / "ds" / "README.md").write_bytes(card)
    with pytest.raises(Problem, match="is no dataset"):
        load_splits(tmp_path / "ds")
