"""Text files in other code pages: what was assumed is said, and what a person states goes before any guess."""

import importlib
import json
import logging

import pytest

from spectrogram.files.texts import encodings
from spectrogram.problems import Problem

SAID = {
    "cp1250": "żółw śpiewa w nocy",
    "cp1251": "дождь стучит по крыше",
    "cp1253": "η βροχή πέφτει",
    "cp1254": "yağmur çatıya düşüyor",
    "cp850": "der Käuzchen-Ruf über dem Hügel",
    "koi8_r": "сова кричит в лесу",
    "mac_roman": "la pluie tombe à l’été",
    "shift_jis": "屋根に降る雨",
    "euc_kr": "지붕에 내리는 비",
    "gb18030": "雨落在屋顶上",
    "big5": "雨落在屋頂上",
    "iso2022_jp": "屋根に降る雨",
}


@pytest.mark.parametrize("name", SAID)
def test_a_stated_encoding_is_read_as_it_is_and_nothing_is_guessed(tmp_path, caplog, name):
    (tmp_path / "t.csv").write_bytes(f"file_name,caption\na.wav,{SAID[name]}\n".encode(name))
    with caplog.at_level(logging.WARNING), encodings.stated(name):
        assert encodings.text_of(tmp_path / "t.csv").endswith(f"a.wav,{SAID[name]}\n")
    assert caplog.text == ""


UNSURE = ("koi8_r", "big5", "cp1251")
WESTERN = ("cp1250", "cp1254", "cp850", "mac_roman")


@pytest.mark.parametrize("name", sorted({*SAID} - {"iso2022_jp", *UNSURE}))
def test_a_guess_is_said_with_its_letters_and_with_the_flag(tmp_path, caplog, name):
    (tmp_path / "t.csv").write_bytes(f"file_name,caption\na.wav,{SAID[name]}\n".encode(name))
    with caplog.at_level(logging.WARNING):
        text = encodings.text_of(tmp_path / "t.csv")
    # Alphabets of Latin letters cannot be told apart by a few accents.
    assert name in WESTERN or text.endswith(f"a.wav,{SAID[name]}\n")
    assert "t.csv is not UTF-8 and is read as " in caplog.text
    assert repr(text.splitlines()[1])[1:30] in caplog.text
    assert "--encoding NAME" in caplog.text


@pytest.mark.parametrize("name", UNSURE)
def test_bytes_that_could_be_several_scripts_are_a_question(tmp_path, name):
    (tmp_path / "t.csv").write_bytes(f"file_name,caption\na.wav,{SAID[name]}\n".encode(name))
    with pytest.raises(Problem, match=r"t.csv: the text is not UTF-8 and could be any of .*\. Save it .* --encoding "):
        encodings.text_of(tmp_path / "t.csv")


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_text_that_says_what_it_is_is_believed_and_that_is_said(tmp_path, caplog, name):
    (tmp_path / "1.txt").write_bytes("ein Käuzchen".encode(name))
    with caplog.at_level(logging.WARNING), encodings.stated("cp1251"):
        assert encodings.text_of(tmp_path / "1.txt") == "ein Käuzchen"
    assert "1.txt is UTF" in caplog.text
    assert "not as cp1251" in caplog.text


def test_what_is_stated_ends_with_the_command():
    with encodings.stated("cp1251"), pytest.raises(RuntimeError):
        raise RuntimeError
    assert encodings.encoding_of("ü".encode("cp1252")) == ("windows-1252", True)


COMMANDS = [
    ("dataset_builder", []),
    ("dataset_builder", ["audiocaps"]),
    ("dataset_builder", ["download"]),
    ("dataset_builder", ["soundscapes"]),
    ("dataset_builder", ["scale", "plan"]),
    ("metrics", []),
    ("bioacoustics", ["learn", "classifier"]),
    ("bioacoustics", ["learn", "sources"]),
    ("bioacoustics", ["classify"]),
    ("bioacoustics", ["detect"]),
    ("bioacoustics", ["separate"]),
    ("spectrogram", ["generate"]),
    ("training", ["a dataset", "--out", "x"]),
]


@pytest.mark.parametrize(("package", "words"), COMMANDS)
def test_every_command_that_reads_tables_or_texts_takes_the_flag(package, words, capsys):
    main = importlib.import_module(f"{package}.__main__").main
    with pytest.raises(SystemExit) as ended:
        main([*words, "--encoding", "no such letters"])
    assert ended.value.code == 2
    assert "'no such letters' is no encoding of texts: try cp1250" in capsys.readouterr().err


def test_a_build_from_a_table_in_another_code_page(tmp_path, capsys, caplog):
    import numpy as np
    import soundfile
    from pyarrow import parquet

    from dataset_builder.__main__ import main

    for n in range(2):
        soundfile.write(tmp_path / f"{n}.wav", np.sin(np.arange(48_000) * (n + 1) / 9) / 3, 24_000)
    lines = f"file_name,caption\n0.wav,{SAID['cp1250']}\n1.wav,ćma\n"
    (tmp_path / "metadata.csv").write_bytes(lines.encode("cp1250"))
    (tmp_path / "ds").mkdir()
    words = [str(tmp_path / "metadata.csv"), "--out", str(tmp_path / "ds"), "--workers", "1", "--json"]
    assert main([*words, "--encoding", "cp1250"]) == 0
    assert json.loads(capsys.readouterr().out)["kept"] == 2
    rows = [row for path in (tmp_path / "ds").rglob("*.parquet") for row in parquet.read_table(path).to_pylist()]
    assert {row["caption"] for row in rows} == {SAID["cp1250"], "ćma"}
    assert "is read as" not in caplog.text
