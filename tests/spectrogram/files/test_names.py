"""Names from files never lead out of their folder, on any system."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectrogram.files.names import checked_name, checked_path
from spectrogram.problems import Problem

LEADING_OUT = ["../a", "a/../../b", "/etc/passwd", "C:\\a.wav", "c:a", "\\\\server\\share\\a", "..\\a", "", ".", "..",
               "a/./..", "a\0b", "nul", "COM1.wav", "a\nb", "a/b /c", "a.", "x" * 300, "a:b", "/", "//a"]  # fmt: skip


@pytest.mark.parametrize("name", LEADING_OUT)
def test_a_name_that_leads_elsewhere_is_refused_and_shown(name, tmp_path):
    with pytest.raises(Problem, match="leads nowhere safe"):
        checked_path(tmp_path, name)
    with pytest.raises(Problem):
        checked_name(name)


def test_a_plain_name_is_a_path_below_the_folder(tmp_path):
    assert checked_path(tmp_path, "rain/Dach [1] ü.wav") == tmp_path / "rain" / "Dach [1] ü.wav"
    assert checked_path(tmp_path, "rain\\a.wav") == tmp_path / "rain" / "a.wav"
    assert checked_name("train") == "train"
    with pytest.raises(Problem):
        checked_name("a/b")


@given(st.text(st.sampled_from("./\\:ab\0 ~"), max_size=12) | st.text(max_size=20))
def test_whatever_is_accepted_lies_below_the_folder(name):
    folder = Path("/nowhere/set")
    try:
        path = checked_path(folder, name)
    except Problem:
        return
    assert path.resolve().is_relative_to(folder)
    assert path != folder
