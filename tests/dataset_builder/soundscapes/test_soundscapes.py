"""Composed soundscapes: the same from a seed everywhere, labelled where they sound, worded without the test phrases."""

import csv
import json

import numpy as np
import pytest

from dataset_builder.commands import soundscapes
from dataset_builder.soundscapes.composer import (
    CATALOGUE,
    EVERY_CLASS,
    RATE_HZ,
    SECONDS,
    compose,
    render_event,
)
from dataset_builder.soundscapes.synthesis import captions
from tests.next_lines import follow


def strongest_frequency_hz(audio):
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio))))
    return np.fft.rfftfreq(len(audio), 1 / RATE_HZ)[np.argmax(spectrum)]


def onsets_per_second(audio):
    """Rises of the short-time energy through half of its peak, a second."""
    energy = np.sqrt(np.mean(audio[: len(audio) // 240 * 240].reshape(-1, 240) ** 2, axis=1))
    loud = energy > 0.5 * energy.max()
    return np.sum(loud[1:] & ~loud[:-1]) / (len(audio) / RATE_HZ)


def test_the_same_seed_and_index_give_the_same_clip():
    first, again, other = compose(3, 11), compose(3, 11), compose(3, 12)
    assert np.array_equal(first.audio, again.audio)
    assert first.captions == again.captions
    assert not np.array_equal(first.audio, other.audio)


@pytest.mark.parametrize("label", EVERY_CLASS)
def test_every_class_sounds(label):
    audio, _ = render_event(np.random.default_rng(1), label, SECONDS, spoken=())
    assert audio.shape == (round(SECONDS * RATE_HZ),)
    assert np.isfinite(audio).all()
    assert np.sqrt(np.mean(audio**2)) > 0.001


@pytest.mark.parametrize("label", ["siren", "alarm_beep", "flute", "owl"])
def test_high_is_higher_than_low(label):
    high, low = (
        strongest_frequency_hz(render_event(np.random.default_rng(2), label, SECONDS, spoken=(("pitch", value),))[0])
        for value in ("high", "low")
    )
    assert high > 1.8 * low


@pytest.mark.parametrize("label", ["clapping", "alarm_beep", "clock_tick"])
def test_fast_repeats_more_often_than_slow(label):
    fast, slow = (
        onsets_per_second(render_event(np.random.default_rng(4), label, SECONDS, spoken=(("pace", value),))[0])
        for value in ("fast", "slow")
    )
    assert fast > 1.8 * slow


def test_strong_labels_of_a_sequence_meet_where_the_sound_changes():
    scapes = [compose(5, i, ("siren", "clapping"), pair_share=1.0) for i in range(12)]
    sequences = [s for s in scapes if s.events[0].offset_s < SECONDS]
    assert sequences
    for scape in sequences:
        assert scape.events[0].offset_s == scape.events[1].onset_s
        assert scape.events[1].offset_s == SECONDS


def test_unseen_phrases_never_enter_a_caption():
    said = {text for i in range(60) for text in compose(7, i).captions}
    unseen = {sound.unseen_phrase for sound in CATALOGUE.values()}
    assert unseen & {phrase for sound in CATALOGUE.values() for phrase in sound.phrases} == set()
    assert said & unseen == set()


def test_articles_follow_the_next_word():
    assert captions.with_article("a owl and an dog") == "an owl and a dog"


@pytest.mark.next_line("dataset_builder/commands/soundscapes.py run")
def test_what_comes_next_builds_the_scenes(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert soundscapes.main(["--out", "my scene's #1", "--clips", "2", "--classes", "owl"]) == 0
    assert follow(capsys.readouterr().out, "--workers", "1") == 0
    assert (tmp_path / "sd-audio-spectrograms" / "settings.json").is_file()


def test_the_command_writes_audio_captions_and_strong_labels(tmp_path):
    assert soundscapes.main(["--out", str(tmp_path), "--clips", "3", "--seed", "1", "--classes", "owl"]) == 0
    with open(tmp_path / "metadata.csv", encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    with open(tmp_path / "strong_labels.csv", encoding="utf-8", newline="") as table:
        labels = list(csv.DictReader(table))
    assert [row["label"] for row in rows] == ["owl"] * 3
    assert all((tmp_path / row["file_name"]).stat().st_size > 1000 for row in rows)
    assert [(row["label"], float(row["onset_s"]), float(row["offset_s"])) for row in labels] == [("owl", 0, 5.12)] * 3
    line = json.loads((tmp_path / "strong_labels.jsonl").read_text().splitlines()[0])
    assert line["events"] == [{"label": "owl", "onset_s": 0, "offset_s": SECONDS}]
    document = json.loads((tmp_path / "jams" / "000000_owl.jams").read_text())
    assert document["annotations"][1]["data"] == [{"time": 0, "duration": SECONDS, "value": "owl", "confidence": 1.0}]


def test_an_unknown_class_is_named_with_those_that_exist(tmp_path, capsys):
    assert soundscapes.main(["--out", str(tmp_path / "x"), "--classes", "dragon"]) == 2
    assert "unknown class dragon (expected some of rain" in capsys.readouterr().err
