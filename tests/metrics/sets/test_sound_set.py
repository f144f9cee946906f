"""Sets of clips from folders, tables and dataset shards; what cannot be read is named."""

import pyarrow
import pytest
from pyarrow import parquet

from metrics.sets.sound_set import pair_by_name, read_collection, sounds_of_paths
from tests.metrics.sounds import tone, write_set


def test_a_folder_gives_names_below_it_without_suffix(tmp_path):
    write_set(tmp_path / "birds", {"b": tone(440)})
    write_set(tmp_path, {"a": tone(220)})
    (tmp_path / "notes.txt").write_text("no sound")
    assert [sound.name for sound in read_collection(tmp_path)] == ["a", "birds/b"]


def test_a_table_gives_labels_and_captions_and_only_its_rows(tmp_path):
    write_set(tmp_path, {"a": tone(220), "b": tone(440)}, labels={"a": "rain", "b": "dog_bark"})
    write_set(tmp_path, {"stray": tone(880)})
    sounds = read_collection(tmp_path)
    assert [(s.name, s.label, s.caption) for s in sounds] == [("a", "rain", "a rain"), ("b", "dog_bark", "a dog_bark")]
    assert read_collection(tmp_path / "metadata.csv") == sounds


def test_a_dataset_folder_gives_the_bytes_of_its_clips(tmp_path):
    clip = write_set(tmp_path / "source", {"a": tone(220)}) / "a.wav"
    (tmp_path / "set" / "data").mkdir(parents=True)
    row = {
        "audio": {"bytes": clip.read_bytes(), "path": None},
        "clip_id": "x1",
        "label": "rain",
        "caption": "rain falls",
    }
    parquet.write_table(pyarrow.Table.from_pylist([row]), tmp_path / "set" / "data" / "train-00000.parquet")
    (sound,) = read_collection(tmp_path / "set")
    assert (sound.name, sound.label, sound.caption) == ("x1", "rain", "rain falls")
    assert sound.path.read_bytes() == clip.read_bytes()


def test_two_clips_of_one_name_are_refused(tmp_path):
    write_set(tmp_path, {"a": tone(220)})
    (tmp_path / "a.flac").write_bytes((tmp_path / "a.wav").read_bytes())
    with pytest.raises(ValueError, match="two clips named 'a'"):
        read_collection(tmp_path)


def test_empty_and_missing_folders_say_so(tmp_path):
    with pytest.raises(ValueError, match="holds no audio"):
        read_collection(tmp_path)
    with pytest.raises(ValueError, match="does not exist"):
        read_collection(tmp_path / "nowhere")


def test_a_table_without_file_names_shows_its_columns(tmp_path):
    (tmp_path / "metadata.csv").write_text("name,label\na.wav,rain\n")
    with pytest.raises(ValueError, match="has the columns name, label: expected a column file_name"):
        read_collection(tmp_path)


def test_pairs_are_made_by_name_and_the_rest_is_named(tmp_path):
    one = sounds_of_paths([write_set(tmp_path / "one", {"a": tone(1), "b": tone(2)})])
    two = sounds_of_paths([write_set(tmp_path / "two", {"b": tone(3), "c": tone(4)})])
    pairs, alone = pair_by_name(one, two)
    assert [(g.name, r.path.parent.name) for g, r in pairs] == [("b", "two")]
    assert alone == ["a", "c"]
    with pytest.raises(ValueError, match="no name is in both sets"):
        pair_by_name(one[:1], two)
