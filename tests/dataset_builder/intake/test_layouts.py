"""The layouts that people and public collections have, one small copy of each, read as they are meant."""

import json
import logging

import pandas
import pytest

from dataset_builder.intake.captions import read_entries, read_intake
from dataset_builder.intake.layouts import LAYOUTS
from dataset_builder.intake.youtube_tables import wanted
from spectrogram.problems import Problem


@pytest.fixture
def put(tmp_path):
    """put({name: text or None for an empty sound}) below a folder; returns the folder."""

    def write(files):
        for name, text in files.items():
            path = tmp_path / "set" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text or "", encoding="utf-8", newline="")
        return tmp_path / "set"

    return write


def short(entries):
    return [(entry.clip_id, entry.captions) for entry in entries]


JSONL = "".join(json.dumps({"file_name": f"{n}.wav", "text": text}) + "\n" for n, text in enumerate(["rain", "a door"]))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("metadata.csv", "file_name,caption\n0.wav,rain\n1.wav,a door\n"),
        ("metadata.tsv", "file_name\ttext\n0.wav\train\n1.wav\ta door\n"),
        ("metadata.jsonl", JSONL),
        ("Metadata.CSV", "File_Name;Caption\n0.wav;rain\n1.wav;a door\n"),
    ],
)
def test_audiofolder_with_a_table(put, name, text):
    entries = read_entries(put({"0.wav": None, "1.wav": None, name: text}))
    assert short(entries) == [("0", ("rain",)), ("1", ("a door",))]


def test_audiofolder_with_a_parquet_table(put):
    folder = put({"0.wav": None})
    pandas.DataFrame({"file_name": ["0.wav"], "text": ["rain"], "start": [1.5]}).to_parquet(folder / "metadata.parquet")
    (entry,) = read_entries(folder)
    assert (entry.clip_id, entry.captions, entry.start_s) == ("0@1.5", ("rain",), 1.5)
    assert read_entries(folder / "metadata.parquet") == [entry]


def test_audiofolder_with_one_table_for_each_split(put):
    table = "file_name,caption\n0.wav,{}\n"
    files = {"train/0.wav": None, "train/metadata.csv": table.format("a train sound")}
    files |= {"test/0.wav": None, "test/metadata.csv": table.format("a test sound")}
    found = {entry.clip_id: (entry.captions, entry.split) for entry in read_entries(put(files))}
    assert found == {"train/0": (("a train sound",), "train"), "test/0": (("a test sound",), "test")}


def test_audiofolder_with_classes_inside_splits(put, caplog):
    folder = put(dict.fromkeys(["train/dog/0.wav", "train/cat/0.wav", "valid/dog/0.wav", "test/cat/1.wav"]))
    with caplog.at_level(logging.WARNING):
        found = {entry.clip_id: (entry.label, entry.split) for entry in read_entries(folder)}
    assert found["train/dog/0"] == ("dog", "train")
    assert found["valid/dog/0"] == ("dog", "validation")
    assert found["test/cat/1"] == ("cat", "test")
    assert "taken for splits" in caplog.text


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (["data/Train/dog/0.wav", "data/Val/dog/1.wav"], ["train", "validation"]),
        (["development/a.wav", "evaluation/b.wav"], ["train", "test"]),
        (["development/a.wav", "evaluation/b.wav", "validation/c.wav"], ["train", "test", "validation"]),
        (["dev/a.wav", "train/b.wav"], ["validation", "train"]),
        (["train/a.wav"], ["train"]),
        (["development/a.wav"], ["train"]),
        (["test/a.wav", "test/b.wav"], ["", ""]),
    ],
)
def test_which_folders_are_splits(put, names, splits):
    folder = put(dict.fromkeys(names) | {"t.csv": "file_name,caption\n" + "".join(f"{name},x\n" for name in names)})
    assert [entry.split for entry in read_entries(folder / "t.csv")] == splits
    (folder / "t.csv").unlink()
    assert {entry.path: entry.split for entry in read_entries(folder)} == {
        str(folder / name): split for name, split in zip(names, splits, strict=True)
    }


def test_a_table_whose_names_begin_with_split_folders(put):
    table = "file_name,caption\ntrain/0.wav,a\ntest/0.wav,b\n"
    entries = read_entries(put({"metadata.csv": table, "train/0.wav": None, "test/0.wav": None}))
    assert [entry.split for entry in entries] == ["train", "test"]


def test_a_class_called_train_among_others_is_a_class(put):
    entries = read_entries(put(dict.fromkeys(["train/0.wav", "helicopter/0.wav"])))
    assert {(entry.label, entry.split) for entry in entries} == {("train", ""), ("helicopter", "")}


def test_laion_pairs_of_sound_and_json(put):
    files = {"0.flac": None, "0.json": '{"text": ["rain", "soft rain"], "tag": ["x"]}', "1.flac": None}
    entries = read_entries(put(files | {"1.json": '{"caption": "a door"}'}))
    assert short(entries) == [("0", ("rain", "soft rain")), ("1", ("a door",))]


def test_kohya_texts_and_folders_with_repeats(put, caplog):
    folder = put({"10_ringing bell/0.wav": None, "10_ringing bell/0.caption": "a bell of pitch 0\n"})
    assert read_entries(folder)[0].captions == ("a bell of pitch 0",)
    (folder / "10_ringing bell" / "0.caption").unlink()
    with caplog.at_level(logging.WARNING):
        (entry,) = read_entries(folder)
    assert (entry.captions, entry.label) == (("ringing bell",), "ringing bell")
    assert "taken for repeats" in caplog.text


@pytest.mark.parametrize("nothing", ["", "NaN", "nan", "null", "None", "N/A", "<NA>", "#N/A"])
def test_a_cell_in_which_a_program_wrote_that_it_is_empty_is_no_caption(put, nothing):
    rows = [f"0.wav,{nothing},rain", f"1.wav,none of the birds sings,{nothing}", f"2.wav,{nothing},"]
    table = "\n".join(["file_name,caption,caption_2", *rows, ""])
    entries = read_entries(put({"metadata.csv": table} | dict.fromkeys(["0.wav", "1.wav", "2.wav"])))
    assert [entry.captions for entry in entries] == [("rain",), ("none of the birds sings",), ()]


@pytest.mark.parametrize("name", ["0.TXT", "0.wav.txt", "0.wav.caption", "0.Caption", "0.flac.json", "0.JSON"])
def test_texts_that_are_called_like_the_whole_file_or_in_capitals(put, name):
    sound = "0.flac" if "flac" in name else "0.wav"
    text = '{"text": "soft rain"}' if name.lower().endswith("json") else "soft rain\n"
    intake = read_intake(put({f"storm/{sound}": None, f"storm/{name}": text}))
    assert (short(intake.entries), intake.unused) == ([("storm/0", ("soft rain",))], {})


def test_texts_beside_only_some_sounds(put, caplog):
    folder = put({"dog/0.wav": None, "dog/0.txt": "a small dog", "dog/1.wav": None, "2.wav": None})
    with caplog.at_level(logging.WARNING):
        found = dict(short(read_entries(folder)))
    assert found == {"dog/0": ("a small dog",), "dog/1": ("dog",), "2": ()}
    assert "2 sounds have no text beside them: 1 of them are captioned by their folder" in caplog.text


def test_classes_that_are_links(put, tmp_path):
    put(dict.fromkeys(["store/rain/0.wav", "store/wind/0.wav"]))
    (tmp_path / "data").mkdir()
    for name in ("rain", "wind"):
        (tmp_path / "data" / name).symlink_to(tmp_path / "set" / "store" / name)
    assert {entry.label for entry in read_entries(tmp_path / "data")} == {"rain", "wind"}


def test_links_that_git_saved_as_text_are_named_as_what_they_are(put, tmp_path):
    folder = put({"store/rain/0.wav": None, "data/rain": "../store/rain", "data/notes": "long " * 190})
    with pytest.raises(Problem, match=r"1 links that were saved as text: copy what they name \(rain\)"):
        read_entries(folder / "data")


TABLES = {
    "clotho": (
        "file_name,caption_1,caption_2,caption_3,caption_4,caption_5\nAM Radio.wav,A radio.,B,C,D,E\n",
        "AM Radio.wav",
        {"captions": ("A radio.", "B", "C", "D", "E"), "clip_id": "AM Radio"},
    ),
    "esc50": (
        "filename,fold,target,category,esc10,src_file,take\n1-1001-A-0.wav,1,0,crackling_fire,True,1001,A\n",
        "audio/1-1001-A-0.wav",
        {"captions": ("crackling fire",), "label": "crackling_fire", "recording": "1001"},
    ),
    "UrbanSound8K": (
        "slice_file_name,fsID,start,end,salience,fold,classID,class\n102305-6-0-0.wav,102305,7.0,9.5,1,1,6,gun_shot\n",
        "audio/fold1/102305-6-0-0.wav",
        {"captions": ("gun shot",), "recording": "102305", "start_s": 0.0, "seconds": None},
    ),
    "fsd50k": (
        'fname,labels,mids,split\n64760,"Electric_guitar,Music","/m/02sgy,/m/04rlf",val\n',
        "FSD50K.dev_audio/64760.wav",
        {"captions": ("Electric guitar, Music",), "split": "validation", "clip_id": "64760"},
    ),
    "warbleR": (
        "Recording_ID,Genus,Specific_epithet,English_name,Recordist,Country,Vocalization_type,License\n"
        "1234,Turdus,merula,Common Blackbird,Jo,Spain,song,BY\n",
        "Turdus-merula-1234.mp3",
        {"recording": "1234", "attribution": "Jo", "licence": "BY"},
    ),
    "xeno-canto": (
        "id,gen,sp,en,rec,cnt,type,url,file,lic,file-name\n"
        "1234,Turdus,merula,Common Blackbird,Jo,Spain,song,//xeno-canto.org/1234,https://x.org/1234/download,BY,\n",
        "XC1234.mp3",
        {"label": "Common Blackbird", "recording": "1234", "source": "//xeno-canto.org/1234"},
    ),
    "kaleidoscope": (
        "INDIR,FOLDER,IN FILE,OFFSET,DURATION,AUTO ID,MANUAL ID\n/x,,night.wav,0.5,2.25,MYOLUC,\n",
        "night.wav",
        {"label": "MYOLUC", "start_s": 0.5, "seconds": 2.25},
    ),
    "wavcaps": (
        json.dumps({"num_captions_per_audio": 1, "data": [{"id": "77", "caption": "Rain.", "duration": 3.2}]}),
        "flac/77.flac",
        {"captions": ("Rain.",), "seconds": None, "recording": "77"},
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_public_collections_own_table(put, name):
    text, sound, facts = TABLES[name]
    folder = put({name: text, sound: None})
    (entry,) = read_entries(folder / name)
    assert {key: getattr(entry, key) for key in facts} == facts
    assert entry.path == str(folder / sound)


def test_species_of_downloaders_tables_are_described(put):
    for name in ("warbleR", "xeno-canto"):
        (entry,) = read_entries(put({name: TABLES[name][0]}) / name)
        assert entry.captions[0] == "the song of a Common Blackbird"


def test_a_collection_as_it_was_unpacked_is_read_with_its_one_table(put, caplog):
    text, sound, facts = TABLES["esc50"]
    with caplog.at_level(logging.WARNING):
        intake = read_intake(put({"meta/esc50.csv": text, sound: None, "README.md": "x", "LICENSE": "y"}))
    assert intake.entries[0].recording == facts["recording"]
    assert "the captions are read from meta/esc50.csv" in caplog.text
    assert sorted(intake.unused) == ["LICENSE", "README.md"]


def test_several_tables_are_a_question(put):
    files = {"dev.csv": "file_name,caption\n0.wav,a\n", "eval.csv": "file_name,caption\n1.wav,b\n", "0.wav": None}
    with pytest.raises(Problem, match=r"holds 2 tables \(dev.csv, eval.csv\)"):
        read_entries(put(files))


ID = "-0AbCdEfGh1"
VIDEOS = {
    "musiccaps.csv": (
        "ytid,start_s,end_s,audioset_positive_labels,aspect_list,caption,author_id\n"
        f'{ID},30,40,"/m/04rlf","[\'calm\']","A slow piano, in a room.",4\n',
        (30.0, 10.0, ("A slow piano, in a room.",), ""),
    ),
    "vggsound.csv": (f'{ID},17,"people marching, slowly",test\n', (17.0, 10.0, ("people marching, slowly",), "test")),
    "strong.tsv": (
        f"segment_id\tstart_time_seconds\tend_time_seconds\tlabel\n{ID}_30000\t1.5\t2.75\t/m/1\n{ID}_30000\t3\t4\t/m/2\n",
        (30.0, 10.0, ("/m/1, /m/2",), ""),
    ),
    "urls.txt": (
        f"https://www.youtube.com/watch?list=x&v={ID}&t=1m5s rain on a roof\n",
        (65.0, 10.0, ("rain on a roof",), ""),
    ),
    "short.txt": (f"https://youtu.be/{ID}?t=30\n", (30.0, 10.0, (), "")),
    "urls.csv": (f"url,caption\nhttps://youtu.be/{ID},rain\n", (0.0, 10.0, ("rain",), "")),
}


@pytest.mark.parametrize("name", VIDEOS)
def test_tables_of_videos(put, name):
    text, expected = VIDEOS[name]
    (entry,) = wanted(put({name: text}) / name)
    assert (entry.start_s, entry.seconds, entry.captions, entry.split) == expected
    assert entry.recording == ID


def test_audiosets_strong_labels_cut_the_events_out_of_their_sections(put):
    folder = put(
        {"strong.tsv": VIDEOS["strong.tsv"][0], f"{ID}_30.flac": None, "mid_to_display_name.tsv": "/m/1\tDog\n"}
    )
    one, two = read_entries(folder / "strong.tsv")
    assert (one.clip_id, one.start_s, one.seconds, one.captions) == (f"{ID}_30@1.5", 1.5, 1.25, ("dog",))
    assert one.recording == two.recording == ID
    assert one.path == str(folder / f"{ID}_30.flac")


def test_addresses_of_other_files_are_refused_with_what_to_do(put):
    with pytest.raises(Problem, match=r"urls.txt line 1: 'https://x.org/a.wav' is no address of YouTube .*wget -i"):
        list(wanted(put({"urls.txt": "https://x.org/a.wav\n"}) / "urls.txt"))


def test_ids_of_a_file_beside_another_of_its_name_and_of_close_starts_never_collide(put):
    table = (
        "file_name,caption,start_s\nrain.wav,a,\nrain.flac,b,\nn.wav,c,10.12341\nn.wav,d,10.12344\nn.wav,e,123456.25\n"
    )
    folder = put({"metadata.csv": table} | dict.fromkeys(["rain.wav", "rain.flac", "n.wav"]))
    ids = [entry.clip_id for entry in read_entries(folder)]
    assert ids == ["rain-wav", "rain-flac", "n@10.12341", "n@10.12344", "n@123456.25"]
    (folder / "metadata.csv").unlink()
    assert len({entry.clip_id for entry in read_entries(folder)}) == 3


def test_ends_cut_and_two_parts_of_one_beginning_are_two_clips(put):
    table = "file_name;label;start_time;end_time\nn.wav;wren;4,0;5,5\nn.wav;robin;4,0;7\n"
    one, two = read_entries(put({"t.csv": table, "n.wav": None}) / "t.csv")
    assert (one.clip_id, one.start_s, one.seconds, one.captions) == ("n@4-5.5", 4.0, 1.5, ("wren",))
    assert (two.clip_id, two.seconds) == ("n@4-7", 3.0)


@pytest.mark.parametrize("time", ["nan", "inf", "-1", "1e9", "soon", "1:2:3:4", "9" * 5000])
def test_a_start_that_is_no_time_is_refused_with_its_line(put, time):
    with pytest.raises(Problem, match=r"t.csv line 2: .* is no time"):
        read_entries(put({"t.csv": f"file_name,caption,start_s\na.wav,x,{time}\n"}) / "t.csv")


def test_an_end_before_its_beginning_is_refused(put):
    with pytest.raises(Problem, match="line 2: it ends"):
        read_entries(put({"t.csv": "file_name,caption,start,end\na.wav,x,5,4\n"}) / "t.csv")


@pytest.mark.parametrize("split", ["../../../../ESCAPED", "a/b", "a-b", "x" * 200, "tr\x00ain"])
def test_a_split_that_is_no_plain_word_is_refused(put, split):
    with pytest.raises(Problem, match=r"line 2"):
        read_entries(put({"t.csv": f"file_name,caption,split\na.wav,x,{split}\n"}) / "t.csv")


def test_a_label_as_long_as_a_book_is_refused(put):
    with pytest.raises(Problem, match="a label of 70,000 characters"):
        read_entries(put({"t.csv": f"file_name,caption,label\na.wav,x,{'y' * 70_000}\n"}) / "t.csv")


def test_columns_that_nothing_reads_are_named(put, caplog):
    with caplog.at_level(logging.WARNING):
        read_entries(put({"t.csv": "file_name,caption,mood,colour\na.wav,x,calm,10\n"}) / "t.csv")
    assert "t.csv: columns that are not used: mood, colour" in caplog.text


def test_sounds_beside_a_tables_own_are_named(put, caplog):
    table = "file_name,caption\naudio/0.wav,rain\naudio/lost.wav,wind\n"
    files = ["audio/0.wav", "audio/1.wav", "audio/notes.txt", "other/2.wav", "._0.wav"]
    with caplog.at_level(logging.WARNING):
        assert len(read_entries(put({"t.csv": table} | dict.fromkeys(files)) / "t.csv")) == 2
    assert "1 sounds beside those of t.csv are in no row and are left out: 1.wav" in caplog.text


def test_every_layout_of_the_table_of_layouts_is_walked():
    walked = {name.lower().replace("-", "") for name in TABLES}
    assert {layout.name.lower().replace("-", "") for layout in LAYOUTS} <= walked | {"any table"}


RAVEN = (
    "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tAnnotation\n"
    "1\tSpectrogram 1\t1\t4.0\t5.0\t150\t8000\tEurasian_Wren\n2\tSpectrogram 1\t1\t10\t11.5\t150\t8000\tRobin\n"
)
AUDACITY = "4.0\t5.0\tEurasian_Wren\n\\\t150.0\t8000.0\n10.0\t11.5\tRobin\n"
BIRDNET = (
    "Start (s),End (s),Scientific name,Common name,Confidence\n"
    "4.0,5.0,Troglodytes troglodytes,Eurasian_Wren,0.8\n10,11.5,Erithacus rubecula,Robin,0.9\n"
)

BOXES = "annotation,start_time,end_time,low_f,high_f\nEurasian_Wren,4,5,150,8000\nRobin,10.0,11.5,150,8000\n"
OBSERVED = [
    {"time": onset_s, "duration": seconds, "value": {"label": label, "low_hz": 150, "high_hz": 8000}, "confidence": 1}
    for onset_s, seconds, label in ((4.0, 1.0, "Eurasian_Wren"), (10.0, 1.5, "Robin"))
]
JAMS = json.dumps({"annotations": [{"namespace": "scaper", "data": OBSERVED}], "file_metadata": {"duration": 20}})
ANNOTATIONS = {
    "field.Table.1.selections.txt": RAVEN,
    "field.txt": AUDACITY,
    "field.BirdNET.results.csv": BIRDNET,
    "field.annotations.csv": BOXES,
    "field.jams": JAMS,
    "field.csv": BIRDNET.replace(",", ";"),
}


@pytest.mark.parametrize(("name", "text"), ANNOTATIONS.items())
@pytest.mark.parametrize("whole_folder", [True, False])
def test_annotations_beside_a_recording_cut_it_where_they_say(put, name, text, whole_folder):
    folder = put({"field.flac": None, name: text, "other.flac": None})
    intake = read_intake(folder if whole_folder else folder / name)
    found = [(e.start_s, e.seconds, e.captions, e.recording) for e in intake.entries]
    assert found == [(4.0, 1.0, ("Eurasian Wren",), "field"), (10.0, 1.5, ("Robin",), "field")]
    box = {} if "Scientific" in text else {"low_hz": 150, "high_hz": 8000}
    event = {"label": "Eurasian_Wren", "onset_s": 4, "offset_s": 5, **box}
    assert json.loads(intake.entries[0].events) == [event]
    assert intake.unused == ({"other.flac": "without annotations"} if whole_folder else {})


@pytest.mark.parametrize("comma", ["\t", ","])
def test_annotations_that_name_their_recordings_are_a_table_like_any(put, comma):
    header = ["Begin File", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "Common Name"]
    text = "\n".join(comma.join(row) for row in (header, ["field.flac", "4.0", "5.0", "150", "Eurasian Wren"])) + "\n"
    (entry,) = read_entries(put({"all.selections.txt": text, "field.flac": None}) / "all.selections.txt")
    assert (entry.clip_id, entry.seconds, entry.captions) == ("field@4", 1.0, ("the sound of a Eurasian Wren",))
