"""The importable builder prepares, streams and shards the same rows as the command."""

import datasets
import pytest

from dataset_builder.build import Settings, build
from dataset_builder.builder import SdAudioSpectrograms
from dataset_builder.intake.captions import read_entries
from spectrogram.files.dataset_rows import undecoded
from spectrogram.problems import UsageProblem


@pytest.fixture
def prepared(folder, tmp_path):
    builder = SdAudioSpectrograms(captions=str(folder), cache_dir=str(tmp_path / "cache"))
    builder.download_and_prepare()
    return builder


def as_stored(dataset):
    return undecoded(dataset).cast_column("image", datasets.Image(decode=False)).to_list()


def test_the_builder_gives_the_rows_and_splits_of_the_command(prepared, folder, tmp_path):
    build(read_entries(folder), tmp_path / "out", Settings())
    for split in ("train", "validation", "test"):
        shards = str(tmp_path / "out" / "data" / "mini" / f"{split}-*.parquet")
        ours = datasets.load_dataset("parquet", data_files=shards, split="train", cache_dir=str(tmp_path / "c"))
        theirs = prepared.as_dataset(split=split)
        assert as_stored(theirs) == as_stored(ours)


def test_two_processes_prepare_the_same_rows(prepared, folder, tmp_path, monkeypatch):
    monkeypatch.setattr("dataset_builder.builder.ENTRIES_PER_PIECE", 4)
    builder = SdAudioSpectrograms(captions=str(folder), cache_dir=str(tmp_path / "two"))
    builder.download_and_prepare(num_proc=2)
    ours, theirs = (as_stored(one.as_dataset(split="train")) for one in (builder, prepared))
    assert len(builder.info.splits["train"].shard_lengths) == 2
    assert ours == theirs


def test_the_builder_streams_without_preparing(folder, tmp_path):
    builder = SdAudioSpectrograms(captions=str(folder), cache_dir=str(tmp_path / "cache"))
    stream = builder.as_streaming_dataset(split="train")
    row = next(iter(undecoded(stream)))
    assert row["image"].size == (256, 128)
    assert not list((tmp_path / "cache").rglob("*.arrow"))


def test_a_preset_is_a_config_with_its_own_cache(folder, tmp_path):
    names = {
        SdAudioSpectrograms(config_name=name, captions=str(folder), cache_dir=str(tmp_path)).cache_dir
        for name in ("mini", "sd15")
    }
    assert len(names) == 2


def test_a_builder_without_captions_says_what_to_pass(tmp_path):
    with pytest.raises(UsageProblem, match="captions=TABLE_OR_FOLDER"):
        SdAudioSpectrograms(cache_dir=str(tmp_path)).download_and_prepare()
