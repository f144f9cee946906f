"""A folder that mixes all that people keep beside their sounds, built by the command: what goes in comes out.

Each name that can be seen in it is a clip that is kept, a clip that is dropped, a file that something was read from, or
named with the reason why it is not used; counted on the command's own output.
"""

import json
import os
import shutil

import numpy as np
import pytest
import soundfile

from dataset_builder.__main__ import main

RATE_HZ = 24_000
SOUNDS = ("train/rain/a.wav", "train/rain/b.flac", "train/rain/c.ogg", "train/odd/g.caf", "train/odd/h.w64",
          "test/wind/d.mp3", "test/wind/e.aiff", "validation/sea/f.au")  # fmt: skip
RAVEN = (
    "Selection\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tAnnotation\n1\t0\t1.2\t150\t8000\tWren\n"
)
JAMS = {
    "annotations": [{"namespace": "segment_open", "data": [{"time": 0, "duration": 1.5, "value": "gust"}]}],
    "file_metadata": {"duration": 2},
}
# Beside sounds: what says something of them.
CAPTIONS = {
    "train/rain/a.txt": "soft rain\nrain on a roof\n",
    "train/rain/b.caption": "heavy rain",
    "test/wind/d.json": '{"text": "a gale"}',
}
ANNOTATIONS = {
    "train/rain/a.Table.1.selections.txt": RAVEN,
    "train/rain/b.labels.txt": "0.0\t1.1\tRobin\n\\\t100\t900\n0.9\t2.0\tRobin\n",
    "train/rain/c.BirdNET.results.csv": "Start (s),End (s),Scientific name,Common name,Confidence\n0,1.5,T t,Owl,0.9\n",
    "test/wind/d.jams": json.dumps(JAMS),
}
TABLES = {
    "train/metadata.csv": "file_name,caption\nrain/a.wav,soft rain\nrain/b.flac,heavy rain\nrain/gone.wav,gone\n",
    "test/metadata.csv": "file_name,caption\nwind/d.mp3,a gale\nwind/d.mp3,a storm\n",
}
# What nothing reads, whatever else lies there.
STRAY = {
    "LICENSE": "neither sound nor text",
    "README.md": "neither sound nor text",
    "notes.pdf": "neither sound nor text",
    "other.csv": "no table that is read",
    "train/field.xyz": "neither sound nor text",
    "train/rain/nobody.txt": "texts without a sound of that name",
    "train/rain/nobody.selections.txt": "texts without a sound of that name",
}
ODD = {
    "train/again": "links to folders that are read already",
    "train/loop": "links to folders that are read already",
    "train/nowhere.wav": "links to nothing",
    "train/pipe.wav": "no plain file",
}
BROKEN = ("train/rain/broken.wav", "train/rain/empty.mp3")


def mixed(folder, *texts):
    rng = np.random.default_rng(0)
    for name in SOUNDS:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / name, rng.uniform(-0.3, 0.3, 2 * RATE_HZ), RATE_HZ)
    hidden = {"._a.wav": "-", "train/rain/._b.flac": "-", "__MACOSX/train/._c.ogg": "-", ".DS_Store": "-"}
    everything = {BROKEN[0]: "no sound", BROKEN[1]: "", **hidden, **dict.fromkeys(STRAY, "p,q\n1,2\n")}
    for name, text in (everything | {n: t for table in texts for n, t in table.items()}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    os.mkfifo(folder / "train" / "pipe.wav")
    (folder / "train" / "copy.wav").symlink_to(folder / SOUNDS[0])
    (folder / "train" / "nowhere.wav").symlink_to(folder / "gone")
    (folder / "train" / "again").symlink_to(folder / "train" / "rain")
    (folder / "train" / "loop").symlink_to(folder)
    return folder


def seen(folder):
    """What a person sees who lists the folder: files and links, no hidden ones."""
    found = set()
    for place, folders, files in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        found |= {os.path.relpath(os.path.join(place, name), folder) for name in (*links, *files)}
    return {name for name in found if not any(part.startswith((".", "__MACOSX")) for part in name.split("/"))}


def instead(names, kind, read):
    return dict.fromkeys(names, f"{kind}, because {read} read")


# How the folder is read -> what lies in it, the clips kept and dropped, and what is not used beyond STRAY and ODD.
# `more`: how many clips there are beyond one a file, and rows without a file.
WAYS = {
    "captions": {
        "texts": (CAPTIONS,),
        "kept": {*SOUNDS},
        "dropped": {"unreadable": 2, "caption": 1},
        "named": {},
        "read": {*CAPTIONS},
        "more": 0,
    },
    "annotations": {
        "texts": (CAPTIONS, ANNOTATIONS),
        "kept": {"train/rain/a", "train/rain/b", "train/rain/b@0.9", "train/rain/c", "test/wind/d"},
        "dropped": {},
        "named": instead(CAPTIONS, "captions", "annotations are")
        | dict.fromkeys((*SOUNDS[3:5], *SOUNDS[6:], *BROKEN, "train/copy.wav"), "without annotations"),
        "read": {*ANNOTATIONS},
        "more": 1,
    },
    "tables": {
        "texts": (CAPTIONS, ANNOTATIONS, TABLES),
        "kept": {"train/rain/a", "train/rain/b", "test/wind/d"},
        "dropped": {"missing": 1},
        "named": instead(CAPTIONS, "captions", "a table is")
        | instead(ANNOTATIONS, "annotations", "a table is")
        | dict.fromkeys((*SOUNDS[2:5], *SOUNDS[6:], *BROKEN, "train/copy.wav"), "in no table"),
        "read": {*TABLES},
        "more": 1,
    },
}


@pytest.mark.parametrize("way", WAYS)
def test_kept_dropped_named_and_read_are_all_that_was_given(way, tmp_path, capsys):
    expected = WAYS[way]
    folder = mixed(tmp_path / "given", *expected["texts"])
    command = [str(folder), "--out", str(tmp_path / "made"), "--workers", "1", "--json"]
    code = main(command)
    facts = json.loads(capsys.readouterr().out)
    assert facts["not_used"] == STRAY | ODD | expected["named"]
    assert (facts["kept"], facts["reasons"]) == (len(expected["kept"]), expected["dropped"])
    assert facts["dropped"] == sum(expected["dropped"].values())
    assert facts["kept"] + facts["dropped"] + facts["named"] == facts["given"]
    assert facts["read"] == len(expected["read"])
    assert facts["given"] + facts["read"] == len(seen(folder)) + expected["more"]
    assert code == (3 if {"unreadable", "missing"} & set(expected["dropped"]) else 0)
    splits = (tmp_path / "made" / "splits.csv").read_text(encoding="utf-8")
    assert all(splits.count(f"{top}/") == splits.count(f",{top}\n") for top in ("train", "test"))
    # A build that is only planned tells the same, in words too.
    assert main([*command, "--dry-run"]) == 0
    planned = json.loads(capsys.readouterr().out)
    assert {name: planned[name] for name in ("given", "named", "not_used", "read")} == {
        name: facts[name] for name in ("given", "named", "not_used", "read")
    }
    assert main([*command[:-1], "--dry-run"]) == 0
    assert f"{facts['named']} files are not used: " in capsys.readouterr().out


def test_a_folder_and_the_links_to_it_are_read_once_under_its_own_name(tmp_path, capsys):
    (tmp_path / "set" / "rain").mkdir(parents=True)
    soundfile.write(tmp_path / "set" / "rain" / "a.wav", np.random.default_rng(0).uniform(-0.3, 0.3, 48_000), RATE_HZ)
    (tmp_path / "set" / "a_link").symlink_to(tmp_path / "set" / "rain")
    assert main([str(tmp_path / "set"), "--out", str(tmp_path / "made"), "--workers", "1", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["kept"], facts["dropped"], facts["not_used"]) == (
        1,
        0,
        {"a_link": "links to folders that are read already"},
    )
    shutil.rmtree(tmp_path / "made")


def test_a_recording_that_the_one_table_leaves_out_is_said_to_be_in_no_table(tmp_path, capsys):
    (tmp_path / "set").mkdir()
    for name in "ab":
        sound = np.random.default_rng(ord(name)).uniform(-0.3, 0.3, 48_000)
        soundfile.write(tmp_path / "set" / f"{name}.wav", sound, RATE_HZ)
    (tmp_path / "set" / "what.csv").write_text("file_name,caption\na.wav,rain\n", encoding="utf-8")
    assert main([str(tmp_path / "set"), "--out", str(tmp_path / "made"), "--workers", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["not_used"] == {"b.wav": "in no table"}
