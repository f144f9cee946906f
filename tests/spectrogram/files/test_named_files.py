"""A name in a table leads to the file that was meant, or to none: never out of the folder, never to a wrong one."""

import os
import unicodedata

import pytest

from spectrogram.files.named_files import NamedFiles, visible_files
from spectrogram.problems import Problem


@pytest.fixture
def folder(tmp_path):
    def make(*names):
        for name in names:
            path = tmp_path / "set" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
        return tmp_path / "set"

    return make


@pytest.mark.parametrize(
    ("there", "written"),
    [
        ("audio/rain.wav", "audio\\rain.wav"),
        ("audio/rain.wav", "./audio/rain.wav"),
        ("audio/rain.wav", "C:\\Users\\Ann\\set\\audio\\rain.wav"),
        ("audio/rain.wav", "/home/ann/set/audio/rain.wav"),
        ("audio/rain.wav", "\\\\server\\share\\audio\\rain.wav"),
        ("audio/rain.wav", "rain.wav"),
        ("rain.wav", "audio/rain.wav"),
        ("rain.wav", "set/rain.wav"),
        ("audio/rain.WAV", "audio/Rain.wav"),
        ("fold1/rain.wav", "rain"),
        ("rain.v2.flac", "rain.v2"),
        (unicodedata.normalize("NFD", "été.wav"), unicodedata.normalize("NFC", "été.wav")),
        (unicodedata.normalize("NFC", "été.wav"), unicodedata.normalize("NFD", "été.wav")),
    ],
)
def test_a_file_is_found_as_people_write_it(folder, there, written):
    assert NamedFiles([folder(there)]).find(written).path.samefile(folder() / there)


@pytest.mark.parametrize("written", ["day1/REC001.wav", "C:\\x\\day1\\REC001.wav", "/etc/passwd", "rain.flac"])
def test_another_file_is_never_taken_for_it(folder, written):
    assert NamedFiles([folder("day2/REC001.wav", "rain.wav")]).find(written) is None


@pytest.mark.parametrize("written", ["../x.wav", "a/../../x.wav", "..\\x.wav", "", " ", ".", "a\0b", "C:\\..\\x.wav"])
def test_a_name_never_leaves_the_folder(folder, written):
    with pytest.raises(Problem, match="leaves the folder"):
        NamedFiles([folder("x.wav")]).find(written)


def test_a_name_of_two_files_is_a_question(folder):
    files = NamedFiles([folder("day1/REC001.wav", "day2/REC001.wav")])
    with pytest.raises(Problem, match=r"fits day1/REC001.wav and day2/REC001.wav"):
        files.find("REC001.wav")


def test_links_to_folders_are_followed_and_circles_end(folder, tmp_path):
    root = folder("a/1.wav", "._1.wav", "__MACOSX/a/._1.wav", ".git/x.wav")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "2.wav").write_bytes(b"")
    (root / "linked").symlink_to(tmp_path / "store")
    (root / "a" / "up").symlink_to(root)
    (tmp_path / "store" / "back").symlink_to(root / "a")
    assert [path.name for path in visible_files(root) if path.is_file()] == ["1.wav", "2.wav"]
    # The links that are not entered are shown themselves.
    assert [path.name for path in visible_files(root) if not path.is_file()] == ["up", "back"]


def test_a_pipe_is_no_file_that_a_name_means(folder):
    os.mkfifo(folder("a.wav") / "b.wav")
    assert NamedFiles([folder()]).find("b.wav") is None
