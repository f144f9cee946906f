"""A file or folder appears whole or not at all, keeps its permissions, and a full disk is one sentence."""

import os
import resource
import signal
import stat

import pytest

from spectrogram.files import atomic
from spectrogram.problems import EnvironmentProblem


def test_a_file_is_written_with_its_folders_and_nothing_else_is_left(tmp_path):
    path = atomic.write_text(tmp_path / "new" / "note.txt", "früh\n")
    assert path.read_bytes() == "früh\n".encode()
    assert os.listdir(path.parent) == ["note.txt"]


def test_an_error_while_writing_leaves_the_former_file_and_no_other(tmp_path):
    path = atomic.write_text(tmp_path / "note.txt", "former")
    with pytest.raises(TypeError), atomic.replacing(path) as unfinished:
        unfinished.write_text(unfinished.write_text("half"))
    assert (path.read_text(), os.listdir(tmp_path)) == ("former", ["note.txt"])


def test_permissions_are_those_of_the_former_file_else_those_of_the_account(tmp_path):
    path = atomic.write_text(tmp_path / "note.txt", "a")
    plain = tmp_path / "plain.txt"
    plain.write_text("b")
    assert path.stat().st_mode == plain.stat().st_mode
    path.chmod(0o640)
    atomic.write_text(path, "c")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_folder_takes_the_place_of_the_former_one(tmp_path):
    folder = tmp_path / "model"
    for text in ("old", "new"):
        with atomic.replacing_folder(folder) as unfinished:
            (unfinished / "weights").write_text(text)
            (unfinished / text).touch()
    assert (folder / "weights").read_text() == "new"
    assert sorted(os.listdir(folder)) == ["new", "weights"]
    assert os.listdir(tmp_path) == ["model"]


def test_a_folder_that_fails_leaves_the_former_one(tmp_path):
    with atomic.replacing_folder(tmp_path / "model") as unfinished:
        (unfinished / "weights").write_text("old")
    with pytest.raises(TypeError), atomic.replacing_folder(tmp_path / "model") as unfinished:
        (unfinished / "weights").write_text((unfinished / "other").write_text("half"))
    assert (tmp_path / "model" / "weights").read_text() == "old"
    assert os.listdir(tmp_path) == ["model"]


def test_what_a_killed_program_leaves_is_found_by_one_pattern_and_by_no_reader_of_files(tmp_path):
    pid = os.fork()
    if not pid:
        with atomic.replacing(tmp_path / "sound.wav") as unfinished:
            unfinished.write_bytes(b"half")
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    (left,) = tmp_path.glob(atomic.LEFTOVERS)
    assert left.name.startswith(".sound.wav.")
    assert list(tmp_path.glob("*.wav")) == []


def test_a_full_disk_names_the_file_and_the_bytes_and_keeps_the_former_file(tmp_path):
    path = atomic.write_text(tmp_path / "note.txt", "former")
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(
            EnvironmentProblem, match=r"cannot write \S*note.txt \(File too large\), expected 5000 bytes"
        ):
            atomic.write_bytes(path, bytes(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert (path.read_text(), os.listdir(tmp_path)) == ("former", ["note.txt"])


def test_an_error_of_another_file_is_not_called_an_error_of_this_one(tmp_path):
    with pytest.raises(PermissionError), atomic.replacing(tmp_path / "note.txt"):
        raise PermissionError(13, "Permission denied", "/elsewhere/source.wav")


def test_the_longest_name_that_a_folder_takes_can_be_written(tmp_path):
    assert atomic.write_text(tmp_path / ("n" * 255), "a").exists()
