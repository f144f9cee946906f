"""Embeddings of files: the same bits every time, cached by content, every failure named."""

import numpy as np
import pytest
import soundfile

from metrics import embedders
from metrics.embedders.cache import EmbeddingCache
from metrics.embedders.front_ends import vggish_log_mel
from metrics.sets.embedding import embed_set
from metrics.sets.sound_set import read_collection
from tests.metrics.sounds import noise, tone, write_set

LOGMEL = embedders.load("logmel-stats-v1")


def test_logmel_stats_are_mean_and_deviation_of_each_patch(tmp_path):
    audio = noise(1, seconds=2.0)
    path = write_set(tmp_path, {"a": audio}) / "a.wav"
    frames = vggish_log_mel(audio)[:192].reshape(2, 96, 64)
    expected = np.concatenate([frames.mean(axis=1), frames.std(axis=1)], axis=1)
    rows = LOGMEL.embed([path])
    np.testing.assert_allclose(rows, expected, atol=1e-6)
    np.testing.assert_array_equal(rows, np.round(rows, 6))


def test_channels_are_averaged_and_other_rates_resampled(tmp_path):
    audio = tone(440, seconds=2.0, rate_hz=44100)
    soundfile.write(tmp_path / "stereo.wav", np.stack([audio, 3 * audio], axis=1) / 2, 44100, subtype="FLOAT")
    soundfile.write(tmp_path / "mono.wav", tone(440, seconds=2.0), 16000, subtype="FLOAT")
    stereo, mono = (LOGMEL.embed([tmp_path / f"{name}.wav"])[:, :64] for name in ("stereo", "mono"))
    loudest = mono[0].argmax()
    np.testing.assert_allclose(stereo[:, loudest], mono[:, loudest], atol=0.01)


def test_an_unreadable_clip_is_skipped_by_name_and_the_rest_is_used_once(tmp_path):
    write_set(tmp_path, {"a": tone(220), "c": tone(440)})
    (tmp_path / "b.wav").write_bytes(b"<html>not found</html>")
    embedded = embed_set(read_collection(tmp_path), LOGMEL)
    assert embedded.names == ["a", "c"]
    ((name, reason),) = embedded.skipped
    assert name == "b"
    assert "cannot be decoded" in reason


def test_nothing_readable_is_an_error_with_the_first_reason(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"nonsense")
    with pytest.raises(ValueError, match=r"None of 1 clips .* the first because: .*a\.wav cannot be decoded"):
        embed_set(read_collection(tmp_path), LOGMEL)


def test_a_clip_with_nan_is_skipped_with_its_first_bad_sample(tmp_path):
    bad = tone(220)
    bad[123] = np.nan
    write_set(tmp_path, {"a": tone(220), "b": bad})
    embedded = embed_set(read_collection(tmp_path), LOGMEL)
    assert "not a number at sample 123" in embedded.skipped[0][1]


def test_the_cache_follows_the_content_not_the_name(tmp_path):
    folder = write_set(tmp_path / "clips", {"a": tone(220)})
    cache = EmbeddingCache(LOGMEL, tmp_path / "cache")
    first = cache.analyse_file(folder / "a.wav").rows
    write_set(folder, {"a": tone(880)})
    second = cache.analyse_file(folder / "a.wav").rows
    assert cache.hits == 0
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(cache.analyse_file(folder / "a.wav").rows, LOGMEL.embed([folder / "a.wav"]))
    assert cache.hits == 1


def test_a_torn_cache_entry_is_computed_again(tmp_path):
    folder = write_set(tmp_path / "clips", {"a": tone(220)})
    cache = EmbeddingCache(LOGMEL, tmp_path / "cache")
    rows = cache.analyse_file(folder / "a.wav").rows
    (entry,) = (tmp_path / "cache").rglob("*.npz")
    entry.write_bytes(entry.read_bytes()[:100])
    np.testing.assert_array_equal(cache.analyse_file(folder / "a.wav").rows, rows)


def test_two_embedders_never_share_a_cache_folder(tmp_path):
    class Newer(type(LOGMEL)):
        version = "2"

    assert EmbeddingCache(Newer(), tmp_path).folder != EmbeddingCache(LOGMEL, tmp_path).folder


def test_equal_clips_are_counted(tmp_path):
    write_set(tmp_path, {"a": np.zeros(16000), "b": np.zeros(16000), "c": tone(440)})
    assert embed_set(read_collection(tmp_path), LOGMEL).n_constant == 1


def test_an_unknown_embedder_lists_the_known_ones_and_missing_weights_say_where_from():
    with pytest.raises(ValueError, match=r"no embedder 'fad' \(expected one of .*logmel-stats-v1"):
        embedders.load("fad")
    with pytest.raises(ValueError, match=r"vggish: no weights were given \(expected vggish-10086976\.pth"):
        embedders.load("vggish")
