"""Captions and sounds are found however a person keeps them."""

import logging

import pytest

from dataset_builder.intake.captions import read_entries
from spectrogram.problems import Problem


@pytest.fixture
def csv_file(tmp_path):
    def write(*lines: str):
        (tmp_path / "m.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return tmp_path / "m.csv"

    return write


def test_pairs_of_sound_and_text_give_one_caption_a_line(tmp_path):
    (tmp_path / "1.wav").write_bytes(b"")
    (tmp_path / "1.txt").write_text("a dog\n\na loud dog \n", encoding="utf-8")
    (tmp_path / "2.wav").write_bytes(b"")
    entries = read_entries(tmp_path)
    assert [(entry.clip_id, entry.captions) for entry in entries] == [("1", ("a dog", "a loud dog")), ("2", ())]


def test_folders_of_classes_caption_themselves(tmp_path):
    (tmp_path / "crackling_fire").mkdir()
    (tmp_path / "crackling_fire" / "a.ogg").write_bytes(b"")
    (entry,) = read_entries(tmp_path)
    assert (entry.captions, entry.label) == (("crackling fire",), "crackling_fire")


@pytest.mark.parametrize(
    ("name", "caption"),
    [
        ("tawny_owl_03.mp3", "tawny owl"),
        ("XC123456-Barn-Owl.mp3", "barn owl"),
        ("TawnyOwl 2024-05-01.mp3", "tawny owl"),
        ("0001.mp3", "owl nights"),
        ("REC_0042 (copy).mp3", "owl nights"),
        ("AUDIO-2024-05-01-WA0003.mp3", "owl nights"),
        ("sound_of_rain.mp3", "rain"),
        ("été au bord.mp3", "été au bord"),
    ],
)
def test_sounds_alone_are_named_after_their_file_or_folder_and_that_is_said(tmp_path, caplog, name, caption):
    folder = tmp_path / "owl-nights"
    folder.mkdir()
    (folder / name).write_bytes(b"")
    with caplog.at_level(logging.WARNING):
        (entry,) = read_entries(folder)
    assert (entry.captions, entry.label) == ((caption,), caption)
    assert f"1 sounds have no captions and are named after their files and folders, such as {caption!r}" in caplog.text


def test_a_table_of_species_gives_captions_licence_and_recordist(csv_file):
    one, two = read_entries(
        csv_file(
            "primary_label,type,common_name,scientific_name,author,license,url,filename",
            "tawowl1,\"['song', 'male']\",Tawny Owl,Strix aluco,Jo,CC BY 4.0,https://x.org/1,tawowl1/XC1.ogg",
            "eurob,,European Robin,Erithacus rubecula,Al,CC0,https://x.org/2,eurob/XC2.ogg",
        )
    )
    assert (one.captions, one.label) == (("the song of a Tawny Owl",), "Tawny Owl")
    assert (one.attribution, one.source, one.licence) == ("Jo", "https://x.org/1", "CC BY 4.0")
    assert two.captions == ("the sound of a European Robin",)


def test_a_caption_column_rules_over_species_and_its_gaps_stay_gaps(csv_file):
    one, two = read_entries(csv_file("file_name,caption,species", "a.wav,an owl at night,Owl", "b.wav,,Owl"))
    assert (one.captions, two.captions) == (("an owl at night",), ())


def test_rows_of_one_file_are_one_clip_with_several_captions(csv_file):
    (entry,) = read_entries(csv_file("file_name,caption", "a.wav,first", "a.wav,second"))
    assert entry.captions == ("first", "second")


def test_an_exact_repeat_is_counted_once_with_a_warning(csv_file, caplog):
    with caplog.at_level(logging.WARNING):
        (entry,) = read_entries(csv_file("file_name,caption", "a.wav,first", "a.wav,first"))
    assert entry.captions == ("first",)
    assert "m.csv row 3 repeats m.csv row 2" in caplog.text


def test_two_parts_of_one_file_are_two_clips_of_one_recording(csv_file):
    one, two = read_entries(csv_file("file_name,caption,start_s", "a.wav,x,0", "a.wav,x,7.5"))
    assert (one.clip_id, two.clip_id, two.start_s) == ("a", "a@7.5", 7.5)
    assert one.recording == two.recording == "a"


@pytest.mark.parametrize("name", ["../../x.wav", "a/../../x.wav", "..\\x.wav", ""])
def test_a_file_name_never_leaves_the_folder(csv_file, name):
    with pytest.raises(Problem, match=r"m\.csv line 2.*leaves the folder"):
        read_entries(csv_file("file_name,caption", f"{name},x"))


def test_a_path_of_another_machine_is_looked_for_in_the_folder_alone(csv_file, tmp_path):
    (tmp_path / "rain.wav").write_bytes(b"")
    table = csv_file("file_name,caption", "/etc/passwd,x", "C:\\data\\rain.wav,y", "/home/ann/set/rain.wav,z")
    lost, rain = read_entries(table)
    assert (lost.path, rain.path) == (str(tmp_path / "passwd"), str(tmp_path / "rain.wav"))
    assert rain.captions == ("y", "z")


def test_a_recording_in_two_splits_is_refused_naming_both_rows(csv_file):
    table = csv_file("file_name,caption,split,source_id", "a.wav,x,train,r1", "b.wav,y,test,r1")
    with pytest.raises(Problem, match=r"m\.csv row 2 \(train\) and m\.csv row 3 \(test\)"):
        read_entries(table)
    assert len(read_entries(table, overlap=True)) == 2


def test_captions_are_composed_to_nfc_and_trimmed(csv_file):
    (entry,) = read_entries(csv_file("file_name,caption", "a.wav, e\u0301tude "))
    assert entry.captions == ("étude",)


def test_a_table_without_the_needed_columns_shows_the_expected_header(csv_file):
    with pytest.raises(Problem, match="Expected header: file_name,caption"):
        read_entries(csv_file("name,words", "a.wav,x"))
