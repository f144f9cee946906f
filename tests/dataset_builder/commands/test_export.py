"""A split as files, and sounds generated for it under the same names: what `python -m metrics` needs to pair them."""

import csv

import pytest

from dataset_builder.__main__ import main
from dataset_builder.build import Settings, build
from dataset_builder.intake.captions import read_entries
from metrics.sets.sound_set import pair_by_name, read_collection
from spectrogram.__main__ import main as spectrogram
from tests.next_lines import follow


@pytest.fixture
def dataset(folder, tmp_path):
    build(read_entries(folder), tmp_path / "set", Settings(shares={"train": 1.0}))
    return tmp_path / "set"


def test_every_clip_of_a_split_is_a_file_and_a_row(dataset, tmp_path, capsys):
    out = tmp_path / "reference"
    assert main(["export", str(dataset), "--split", "train", "--out", str(out), "--pictures"]) == 0
    with open(out / "metadata.csv", encoding="utf-8", newline="") as table:
        told = list(csv.DictReader(table))
    sounds = sorted(path.name for path in out.glob("*.flac"))
    assert sounds == sorted(row["file_name"] for row in told)
    assert len(sounds) == len(list(out.glob("*.png"))) > 0
    assert all(row["caption"] for row in told)
    assert f"{len(sounds)} clips of train" in capsys.readouterr().out


def test_what_is_generated_from_its_table_pairs_with_it(dataset, tmp_path):
    reference, outputs = tmp_path / "reference", tmp_path / "outputs"
    main(["export", str(dataset), "--split", "train", "--out", str(reference)])
    words = ["generate", "--prompts", reference / "metadata.csv", "--out", outputs]
    assert spectrogram([str(word) for word in [*words, "--steps", 1, "--seconds", 0.6, "--seed", 3]]) == 0
    made, real = read_collection(outputs), read_collection(reference)
    pairs, alone = pair_by_name(made, real)
    assert (len(pairs), alone) == (len(real), [])
    assert all(one.caption == two.caption and one.label == two.label for one, two in pairs)


@pytest.mark.next_line("dataset_builder/commands/export.py run")
def test_what_comes_next_makes_a_sound_for_every_row(dataset, tmp_path, capsys, monkeypatch):
    out = tmp_path / "my owl's #1 [reference]"
    assert main(["export", str(dataset), "--split", "train", "--out", str(out)]) == 0
    monkeypatch.chdir(tmp_path)
    assert follow(capsys.readouterr().out, "--steps", "1", "--seconds", "0.6") == 0
    assert {path.stem for path in (tmp_path / "outputs").glob("*.wav")} >= {path.stem for path in out.glob("*.flac")}


@pytest.mark.parametrize("split", ["tests", "", "../train"])
def test_a_split_that_is_not_there_is_refused_by_name(dataset, tmp_path, capsys, split):
    assert main(["export", str(dataset), "--split", split, "--out", str(tmp_path / "x")]) == 2
    assert f"has no split {split}" in capsys.readouterr().err


def test_a_folder_with_other_files_is_refused(dataset, tmp_path, capsys):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "song.wav").write_bytes(b"precious")
    assert main(["export", str(dataset), "--split", "train", "--out", str(tmp_path / "x")]) == 2
    assert "holds other files" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("a.wav,rain\na.flac,wind\n", "names a twice"),
        ("../a.wav,rain\n", "leads nowhere safe"),
        ("a.wav,\n", "line 2 has no caption"),
    ],
)
def test_a_table_of_prompts_that_cannot_be_followed_is_refused(tmp_path, capsys, rows, reason):
    (tmp_path / "t.csv").write_text(f"file_name,caption\n{rows}", encoding="utf-8")
    assert spectrogram(["generate", "--prompts", str(tmp_path / "t.csv"), "--out", str(tmp_path / "out")]) in (2, 4)
    assert reason in capsys.readouterr().err
