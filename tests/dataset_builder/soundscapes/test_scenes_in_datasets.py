"""Scenes on their way into a dataset: splits by what they contain, labels and captions of what is left of them."""

import csv
import json
import logging

import numpy as np
import pytest
import soundfile
from pyarrow import parquet
from tones import RATE_HZ, tone

from dataset_builder.build import Settings, build, deal
from dataset_builder.commands import soundscapes
from dataset_builder.intake.captions import read_entries
from dataset_builder.intake.entries import Entry
from dataset_builder.making.clip import CutPolicy
from dataset_builder.making.splits import assign
from dataset_builder.soundscapes.scenes.bank import Sound, bank_of, phrase_of
from dataset_builder.soundscapes.scenes.prompt import scene_of
from dataset_builder.soundscapes.scenes.scene import Ranges
from spectrogram.problems import UsageProblem

PITCHES_HZ = {"american_robin": 1000, "dark_eyed_junco": 3000, "forest": 200}
SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


@pytest.fixture
def classes(tmp_path):
    """Class folders of tones, three recordings each: two birds and a forest."""
    for label, hz in PITCHES_HZ.items():
        (tmp_path / "set" / label).mkdir(parents=True)
        for number in range(3):
            soundfile.write(tmp_path / "set" / label / f"{number}.wav", tone(4, hz * (1 + number / 10)), RATE_HZ)
    return tmp_path / "set"


@pytest.fixture
def bank(classes):
    return bank_of(read_entries(classes), [], ("forest",))


def rows_of(out, preset="mini"):
    files = sorted((out / "data").rglob("*.parquet"))
    return [(path.name.split("-")[0], row) for path in files for row in parquet.read_table(path).to_pylist()]


def test_scenes_that_share_a_recording_share_a_split():
    labels = {f"a{n}|b{n // 10}": "x" for n in range(40)} | {f"c{n}": "y" for n in range(10)}
    dealt = assign(labels, SHARES, seed=1)
    for n in range(40):
        assert dealt[f"a{n}|b{n // 10}"] == dealt[f"a{n // 10 * 10}|b{n // 10}"]
    assert len(set(dealt.values())) > 1


def test_a_scene_follows_a_recording_of_it_that_was_dealt_before():
    dealt = assign({"a|b": "x", "b": "x", "c|a": "x"}, SHARES, kept={"b": "test"})
    assert set(dealt.values()) == {"test"}


@pytest.mark.parametrize("seed", range(8))
def test_every_species_of_eight_recordings_has_a_test_and_a_validation_clip(seed):
    labels = {f"{label}{number}": label for label in "abcdefghij" for number in range(8)}
    dealt = assign(labels, SHARES, seed)
    for label in "abcdefghij":
        assert {dealt[f"{label}{number}"] for number in range(8)} == set(SHARES), label


def test_prompted_scenes_name_the_recordings_that_they_contain_and_are_split_by_them(classes, tmp_path):
    out = tmp_path / "scenes"
    arguments = ["--events", str(classes), "--background-labels", "forest", "--out", str(out), "--clips", "12"]
    assert soundscapes.main([*arguments, "--prompt", "a robin", "--prompt", "a junco"]) == 0
    entries = read_entries(out)
    assert {entry.recording.split("/")[0] for entry in entries} == {"american_robin", "dark_eyed_junco"}
    dealt = deal(entries, Settings(shares={"train": 0.34, "validation": 0.33, "test": 0.33}))
    by_part = {}
    for entry in entries:
        for part in entry.recording.split("|"):
            by_part.setdefault(part, set()).add(dealt[entry.recording])
    assert all(len(splits) == 1 for splits in by_part.values())


def test_one_background_under_everything_is_said_to_leave_no_second_split(caplog):
    with caplog.at_level(logging.WARNING):
        deal([Entry(f"{n}", "", ("x",), recording=f"bird{n}|forest") for n in range(20)], Settings())
    assert "20 clips share recordings" in caplog.text


def scene_table(folder, seconds=10.0):
    """One sound of ten seconds: a robin in the first second, a junco from the seventh, in a forest."""
    (folder / "audio").mkdir(parents=True)
    audio = np.concatenate([tone(2, 1000), tone(seconds - 4, 200) * 0.1, tone(2, 3000)])
    soundfile.write(folder / "audio" / "a.flac", audio, RATE_HZ)
    events = [
        {"label": "forest", "onset_s": 0, "offset_s": seconds, "phrase": "in a forest", "role": "background"},
        {"label": "robin", "onset_s": 0, "offset_s": 2, "phrase": "a robin", "role": "foreground"},
        {"label": "junco", "onset_s": 8, "offset_s": 10, "phrase": "a junco", "role": "foreground"},
    ]
    with (folder / "metadata.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file_name", "caption", "label", "events"))
        caption = "a robin in a forest followed by a junco"
        writer.writerow(("audio/a.flac", caption, "robin", json.dumps(events)))
    return folder


def test_a_cut_scene_keeps_the_caption_and_the_labels_of_what_is_left(tmp_path):
    build(
        read_entries(scene_table(tmp_path / "scenes")),
        tmp_path / "out",
        Settings(policy=CutPolicy(windows=True), workers=1),
    )
    rows = sorted((row for _, row in rows_of(tmp_path / "out")), key=lambda row: row["start_s"])
    assert [row["caption"] for row in rows] == ["a robin in a forest", "a junco in a forest"]
    assert [row["label"] for row in rows] == ["robin", "junco"]
    assert [[one["label"] for one in row["events"]] for row in rows] == [["robin"], ["junco"]]
    assert (rows[0]["events"][0]["onset_s"], rows[0]["events"][0]["offset_s"]) == (0, 2)
    assert rows[1]["events"][0]["onset_s"] == pytest.approx(8 - 5.12, abs=1e-3)


def test_onsets_and_offsets_of_composed_scenes_reach_the_dataset(classes, tmp_path):
    scenes = tmp_path / "scenes"
    assert (
        soundscapes.main(
            ["--events", str(classes), "--background-labels", "forest", "--out", str(scenes), "--clips", "6"]
        )
        == 0
    )
    build(read_entries(scenes), tmp_path / "out", Settings(workers=1))
    lines = [json.loads(line) for line in (scenes / "strong_labels.jsonl").read_text().splitlines()]
    truth = {line["file_name"].split("/")[1].split(".")[0]: line["events"] for line in lines}
    for _, row in rows_of(tmp_path / "out"):
        told = [
            {key: pytest.approx(one[key], abs=1e-3) if key != "label" else one[key] for key in one}
            for one in truth[row["clip_id"]]
        ]
        assert [{key: one[key] for key in ("label", "onset_s", "offset_s")} for one in row["events"]] == told
        assert "+" not in row["label"]


def test_a_background_that_nobody_has_is_answered_not_dropped(bank):
    with pytest.raises(UsageProblem, match="'storm' names no background"):
        scene_of("a robin in a storm", bank, Ranges(), 0)


def test_three_juncos_are_three_events(bank):
    scene = scene_of("three Juncos in a forest", bank, Ranges(), 0)
    assert [layer.sound.label for layer in scene.layers] == ["dark_eyed_junco"] * 3
    assert len({layer.onset_s for layer in scene.layers}) == 3
    assert max(layer.onset_s + layer.seconds for layer in scene.layers) <= scene.seconds + 1e-6


def test_singing_takes_songs_and_says_when_there_are_calls_alone(bank):
    call = Sound("robin", "a robin", "r1", kind="call")
    song = Sound("robin", "a robin", "r2", kind="song")
    bank.events["robin"] = [call, song]
    for seed in range(10):
        assert scene_of("a robin singing", bank, Ranges(), seed).layers[0].sound is song
        assert scene_of("a robin calling", bank, Ranges(), seed).layers[0].sound is call
    bank.events["robin"] = [call]
    with pytest.raises(UsageProblem, match="song"):
        scene_of("a robin singing", bank, Ranges(), 0)


def test_a_loud_forest_leaves_the_bird_less_above_it(bank):
    loud, quiet = (scene_of(f"a robin in a {how} forest", bank, Ranges(), 0) for how in ("loud", "quiet"))
    assert quiet.layers[0].snr_db - loud.layers[0].snr_db == 16
    assert quiet.background_db + quiet.layers[0].snr_db == loud.background_db + loud.layers[0].snr_db


def test_words_that_nothing_obeys_are_said(bank, caplog):
    with caplog.at_level(logging.WARNING):
        scene_of("a furious robin in a forest", bank, Ranges(), 0)
    assert "furious" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        scene_of("a loud robin singing followed by two distant juncos in a quiet forest", bank, Ranges(), 0)
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("label", "phrase"),
    [
        ("rain", "rain"),
        ("wind", "wind"),
        ("sea_waves", "sea waves"),
        ("dog_bark", "a dog bark"),
        ("owl", "an owl"),
        ("thunder", "thunder"),
        ("birdsong", "birdsong"),
    ],
)
def test_what_cannot_be_counted_has_no_article(label, phrase):
    assert phrase_of(Entry("x", "", (label.replace("_", " "),), label)) == phrase


def test_events_are_looked_for_in_the_folder_that_is_named(classes, tmp_path, capsys):
    table = tmp_path / "elsewhere" / "table.csv"
    table.parent.mkdir()
    table.write_text("file_name,caption,label\namerican_robin/0.wav,a robin,robin\n")
    arguments = ["--events", str(table), "--out", str(tmp_path / "s"), "--clips", "1"]
    assert soundscapes.main([*arguments, "--audio", str(classes)]) == 0
    assert soundscapes.main([*arguments]) == 4
    assert "american_robin/0.wav" in capsys.readouterr().err


def test_scientific_name_place_and_rating_reach_the_dataset(classes, tmp_path):
    table = classes / "american_robin" / "metadata.csv"
    table.write_text(
        "file_name,common_name,scientific_name,country,q,type\n0.wav,American Robin,Turdus migratorius,Canada,A,song\n"
    )
    build(read_entries(classes / "american_robin"), tmp_path / "out", Settings(workers=1))
    about = json.loads(rows_of(tmp_path / "out")[0][1]["about"])
    assert about == {"scientific_name": "Turdus migratorius", "place": "Canada", "rating": "A", "kind": "song"}
