"""How well sounds fit their texts: the figure against a loop, and the ear of the embedded base from end to end."""

import json

import numpy as np
import pytest

from dataset_builder.soundscapes.composer import RATE_HZ, render_event
from metrics.__main__ import main
from metrics.distances import text_sound_cosine
from metrics.embedders import load
from metrics.figures.differences import difference_of_means
from metrics.figures.records import TEXT_SCORE
from spectrogram.files.audio import resample
from tests.metrics.sounds import write_set

SOUNDS = {"a dog barking": "dog_bark", "rain": "rain", "church bells": "church_bells", "a siren": "siren"}


def test_shuffled_and_first_are_those_of_a_loop():
    rng = np.random.default_rng(1)
    sounds, words = rng.normal(size=(6, 5)), rng.normal(size=(3, 5))
    captions = ["rain", "owl", "rain", "bell", "owl", "rain"]
    row = {name: words[i] for i, name in enumerate(("rain", "owl", "bell"))}
    value = text_sound_cosine(sounds, np.stack([row[c] for c in captions]), captions)

    def cosine(a, b):
        return a @ b / np.linalg.norm(a) / np.linalg.norm(b)

    own = [cosine(s, row[c]) for s, c in zip(sounds, captions, strict=True)]
    others = [cosine(s, row[t]) for s, c in zip(sounds, captions, strict=True) for t in row if t != c]
    best = [max(row, key=lambda t, s=s: cosine(s, row[t])) for s in sounds]
    assert value == pytest.approx(np.mean(own))
    assert value.details["per_clip"] == pytest.approx(own)
    assert value.details["shuffled"] == pytest.approx(np.mean(others))
    assert value.details["first"] == np.mean([b == c for b, c in zip(best, captions, strict=True)])


def test_one_caption_for_all_has_no_chance_to_compare_with():
    rows = np.eye(3)
    assert set(text_sound_cosine(rows, rows, ["rain"] * 3).details) == {"per_clip"}
    with pytest.raises(ValueError, match="3 sounds and 2 texts"):
        text_sound_cosine(rows, rows[:2])
    with pytest.raises(ValueError, match="sound embedding 1 has length 0"):
        text_sound_cosine(np.diag([1.0, 0, 1]), rows)


def test_only_clap_carries_claps_name():
    assert TEXT_SCORE.key({"name": "clap"}) == "clap_score[clap]"
    assert TEXT_SCORE.key({"name": "sd-audio-ear-v1"}) == "text_audio_score[sd-audio-ear-v1]"


def test_differences_of_clips_are_paired_by_name():
    first, second = {"a": 0.5, "b": 0.7, "c": 9.0}, {"b": 0.6, "a": 0.4}
    figure = difference_of_means(first, second)
    assert figure["value"] == pytest.approx(0.1)
    assert (figure["verdict"], figure["paired"]) == ("better", True)
    assert difference_of_means(first, {"x": 1.0})["value"] is None


def test_the_embedded_ear_scores_captions_without_a_download(tmp_path, monkeypatch):
    monkeypatch.setenv("SD_AUDIO_CACHE", str(tmp_path / "cache"))
    labels = dict(zip("abcd", SOUNDS.values(), strict=True))
    clips = {
        name: resample(render_event(np.random.default_rng(7), label, 5.12)[0].astype(np.float32)[None], RATE_HZ, 16000)[
            0
        ]
        for name, label in labels.items()
    }
    folder = write_set(tmp_path / "g", clips, labels)
    arguments = [str(folder), str(folder), "--captions", "--also", f"same={folder}", "--resamples", "20"]
    assert main([*arguments, "--embedder", "logmel-stats-v1", "--out", str(tmp_path / "r.json")]) == 0
    results = json.loads((tmp_path / "r.json").read_text())
    figure = results["metrics"]["text_audio_score[sd-audio-ear-v1]"]
    assert figure["value"] > figure["shuffled"] + 0.2
    assert figure["embedder"]["sha256"] == load("sd-audio-ear-v1").sha256
    assert results["rows"]["same"]["text_audio_score[sd-audio-ear-v1]"] == figure["value"]
    assert results["differences"]["same"]["text_audio_score[sd-audio-ear-v1]"]["value"] == 0


def test_captions_need_captions_and_an_embedder_of_texts(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("SD_AUDIO_CACHE", str(tmp_path / "cache"))
    bare = write_set(tmp_path / "g", {"a": np.ones(16000, np.float32) / 9, "b": np.ones(16000, np.float32) / 8})
    options = ["--embedder", "logmel-stats-v1", "--out", str(tmp_path / "r.json"), "--resamples", "0", "--captions"]
    assert main([str(bare), str(bare), *options]) == 2
    assert "without captions" in capsys.readouterr().err
    told = write_set(
        tmp_path / "t", {"a": np.ones(16000, np.float32) / 9, "b": np.ones(16000, np.float32) / 8}, {"a": "x", "b": "y"}
    )
    assert main([str(told), str(told), *options, "logmel-stats-v1"]) == 2
    assert "embeds no texts" in capsys.readouterr().err
