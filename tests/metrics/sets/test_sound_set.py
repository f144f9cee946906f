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
    with pytest.raises(ValueError, match=r"has the columns name, label \(expected a column file_name"):
        read_collection(tmp_path)


def table_of(folder, text, encoding="utf-8", name="metadata.csv"):
    """A folder with two clips in audio/ and a table beside them."""
    write_set(folder / "audio", {"000": tone(220), "001": tone(440)})
    (folder / name).write_bytes(text.encode(encoding))
    return folder


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1252", "utf-16"])
def test_a_table_of_any_encoding_is_read(tmp_path, encoding):
    text = "file_name,caption\naudio/000.wav,rain on a café roof\naudio/001.wav,wind\n"
    sounds = read_collection(table_of(tmp_path, text, encoding))
    assert [(s.name, s.caption) for s in sounds] == [("000", "rain on a café roof"), ("001", "wind")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("metadata.csv", "File Name;Label\r\naudio\\000.wav;rain\r\n\r\naudio\\001.wav;wind\r\n"),
        ("metadata.tsv", "path\tlabel\n000.wav\train\n001.wav\twind\n"),
        (
            "metadata.jsonl",
            '{"file_name": "audio/000.wav", "label": "rain"}\n{"file_name": "audio/001.wav", "label": "wind"}',
        ),
        ("metadata.csv", "file_name,label\nC:\\sets\\audio\\000.wav,rain\n/mnt/sets/audio/001.wav,wind\n"),
    ],
)
def test_a_table_of_any_dialect_finds_its_files(tmp_path, name, text):
    sounds = read_collection(table_of(tmp_path, text, name=name))
    assert [(s.path.name, s.label) for s in sounds] == [("000.wav", "rain"), ("001.wav", "wind")]


def test_a_row_with_a_comma_too_many_is_refused_with_its_line(tmp_path):
    with pytest.raises(ValueError, match=r"metadata.csv line 2 column \d+"):
        read_collection(table_of(tmp_path, "file_name,caption\naudio/000.wav,rain, loud\n"))


def test_a_repeated_row_is_a_further_caption_of_one_clip(tmp_path):
    text = "file_name,caption\naudio/000.wav,rain\naudio/000.wav,a shower\naudio/001.wav,wind\n"
    sounds = read_collection(table_of(tmp_path, text))
    assert [(s.name, s.caption) for s in sounds] == [("000", "rain"), ("001", "wind")]


def test_the_word_audio_in_a_table_does_not_hinder_pairs(tmp_path):
    reference = read_collection(table_of(tmp_path / "set", "file_name,caption\naudio/000.wav,a\naudio/001.wav,b\n"))
    generated = read_collection(write_set(tmp_path / "gen", {"000": tone(1), "001": tone(2)}))
    pairs, alone = pair_by_name(generated, reference)
    assert (len(pairs), alone) == (2, [])


@pytest.mark.parametrize("name", ["../secret.wav", "audio/../../secret.wav", "..\\secret.wav"])
def test_a_table_names_no_file_outside_its_folder(tmp_path, name):
    write_set(tmp_path, {"secret": tone(880)})
    with pytest.raises(ValueError, match=r"line 2: .* leaves the folder"):
        read_collection(table_of(tmp_path / "set", f"file_name,caption\n{name},x\n"))


def test_an_absolute_name_means_a_file_of_the_folder_or_none(tmp_path):
    write_set(tmp_path, {"secret": tone(880)})
    (sound,) = read_collection(table_of(tmp_path / "set", f"file_name,caption\n{tmp_path}/secret.wav,x\n"))
    assert not sound.path.is_file() or tmp_path / "set" in sound.path.parents


def test_sounds_that_no_row_names_are_told(tmp_path, caplog):
    read_collection(table_of(tmp_path, "file_name,caption\naudio/000.wav,rain\n"))
    assert "1 sounds beside" in caplog.text


def test_pairs_are_made_by_name_and_the_rest_is_named(tmp_path):
    one = sounds_of_paths([write_set(tmp_path / "one", {"a": tone(1), "b": tone(2)})])
    two = sounds_of_paths([write_set(tmp_path / "two", {"b": tone(3), "c": tone(4)})])
    pairs, alone = pair_by_name(one, two)
    assert [(g.name, r.path.parent.name) for g, r in pairs] == [("b", "two")]
    assert alone == ["a", "c"]
    with pytest.raises(ValueError, match="No name is in both sets"):
        pair_by_name(one[:1], two)
