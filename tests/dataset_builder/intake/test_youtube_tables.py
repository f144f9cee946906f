"""AudioCaps and AudioSet tables and lists of ids lose no row; hostile ids never get further than the table."""

import pytest

from dataset_builder.intake.captions import read_entries
from dataset_builder.intake.ontology import Ontology, Selection
from dataset_builder.intake.youtube_tables import read_audiocaps, read_audioset, recognises, version_of
from spectrogram.problems import Problem, UsageProblem

AUDIOCAPS = "audiocap_id,youtube_id,start_time,caption\n"


@pytest.fixture
def table(tmp_path):
    def write(text, name="t.csv"):
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
        return tmp_path / name

    return write


@pytest.mark.parametrize(
    ("split", "rows", "clips", "captions"),
    [("train", 49_838, 49_838, 1), ("val", 2_475, 495, 5), ("test", 4_875, 975, 5)],
)
def test_the_tables_of_audiocaps_keep_every_row(shared_data, split, rows, clips, captions):
    table = shared_data / "audiocaps" / f"{split}.csv"
    assert recognises(table)
    assert sum(1 for _ in read_audiocaps(table)) == rows
    entries = read_entries(table, shared_data / "audiocaps")
    assert len(entries) == clips
    # Two captions of one clip may be the same words: they are then one caption.
    assert max(len(entry.captions) for entry in entries) == captions
    assert all(len(entry.captions) >= 1 for entry in entries)


def test_the_version_of_audiocaps_is_told_whatever_the_line_ends_are(shared_data, table, tmp_path):
    data = (shared_data / "audiocaps" / "val.csv").read_bytes().replace(b"\r\n", b"\n")
    for name, ends in (("unix.csv", b"\n"), ("windows.csv", b"\r\n")):
        (tmp_path / name).write_bytes(data.replace(b"\n", ends))
        assert version_of(tmp_path / name).endswith("AudioCaps 1 val")
    lower = table(data.decode().replace(",A ", ",a "), "lower.csv")
    assert version_of(lower).endswith("AudioCaps of another version")


def test_a_leading_dash_and_a_decimal_start_are_an_ordinary_id_and_time(table):
    (entry,) = read_audiocaps(table(AUDIOCAPS + "1,-0abcdefghi,30.500,a dog\n"))
    assert (entry.clip_id, entry.recording, entry.start_s, entry.seconds) == (
        "-0abcdefghi_30.5",
        "-0abcdefghi",
        30.5,
        10,
    )


@pytest.mark.parametrize("bad", ["=cmd", "../../x", "a;rm -rf ~", "", "abcdefghijkl", "abcdéfghijk"])
def test_anything_but_eleven_harmless_characters_is_refused_with_its_row(table, bad):
    with pytest.raises(Problem, match=r"t\.csv line 2.*no YouTube id"):
        list(read_audiocaps(table(AUDIOCAPS + f"1,{bad},0,x\n")))


def test_same_id_with_two_starts_is_two_clips_of_one_recording(table, tmp_path):
    entries = read_entries(table(AUDIOCAPS + "1,abcdefghijk,0,x\n2,abcdefghijk,10,y\n3,abcdefghijk,10,z\n"))
    assert [(entry.clip_id, entry.captions) for entry in entries] == [
        ("abcdefghijk_0", ("x",)),
        ("abcdefghijk_10", ("y", "z")),
    ]
    assert len({entry.recording for entry in entries}) == 1


def test_audioset_rows_have_four_columns_and_their_own_length(table):
    text = "# Segments csv\n# num=2\n# YTID, start_seconds, end_seconds, positive_labels\n"
    text += '--PJHxphWEs, 30.000, 40.000, "/m/09x0r,/t/dd00088"\n-abcdefghij, 0.000, 6.500, "/m/09x0r"\n'
    path = table(text)
    assert recognises(path)
    one, two = read_audioset(path, Ontology({"/m/09x0r": "Speech", "/t/dd00088": "Gush"}, {}))
    assert (one.clip_id, one.seconds, one.captions, one.label) == ("--PJHxphWEs_30", 10, ("speech, gush",), "Speech")
    assert (two.seconds, two.start_s) == (6.5, 0)


def test_a_list_of_ids_takes_times_and_captions(table):
    path = table('abcdefghijk\n-bcdefghijk 30\ncbcdefghijk,5,"rain, then thunder"\n', "ids.txt")
    entries = read_entries(path)
    assert [(e.clip_id, e.captions) for e in entries] == [
        ("abcdefghijk_0", ()),
        ("-bcdefghijk_30", ()),
        ("cbcdefghijk_5", ("rain, then thunder",)),
    ]


def test_sound_is_found_by_id_and_start_or_by_id_alone(table, tmp_path):
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio" / "abcdefghijk_10.flac").write_bytes(b"")
    (tmp_path / "audio" / "-bcdefghijk.wav").write_bytes(b"")
    path = table(AUDIOCAPS + "1,abcdefghijk,10,x\n2,-bcdefghijk,30,y\n")
    names = [entry.path.rsplit("/", 1)[1] for entry in read_entries(path, tmp_path / "audio")]
    assert names == ["abcdefghijk_10.flac", "-bcdefghijk.wav"]


def test_classes_by_name_hold_their_children_and_are_capped(shared_data, table):
    ontology = Ontology.read(shared_data / "audioset" / "ontology.json")
    bark, dog, rain = "/m/05tny_", "/m/0bt9lr", "/m/06mb1"
    assert {bark, dog} <= ontology.below("dog")
    assert rain not in ontology.below("dog")
    labels = (bark, dog, rain, "/m/09x0r", bark)
    rows = [f'abcdefghij{number}, 0.000, 10.000, "{label}"' for number, label in enumerate(labels)]
    path = table("# x\n" + "\n".join(rows) + "\n")
    found = list(read_audioset(path, ontology, Selection(ontology, ["Dog", "Rain"], 2)))
    assert [(entry.row, entry.label, entry.captions[0]) for entry in found] == [
        (2, "Dog", "bark"),
        (3, "Dog", "dog"),
        (4, "Rain", "rain"),
    ]


def test_an_unknown_class_is_answered_with_near_names(shared_data):
    ontology = Ontology.read(shared_data / "audioset" / "ontology.json")
    with pytest.raises(UsageProblem, match=r"Perhaps .*Rain"):
        ontology.below("Rainn")
