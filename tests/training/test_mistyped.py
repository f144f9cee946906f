"""A mistyped dataset, recipe or folder is one line that says what to do, never a traceback."""

import pytest

from spectrogram.files.dataset_rows import load_splits
from spectrogram.problems import Problem
from training import __main__ as command

NO_RECIPE = "nosuch.yaml cannot be read (No such file or directory), expected a YAML file"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nosuch", "--out", "OUT"], "nosuch is no dataset ("),
        (["nobody/nothing", "--out", "OUT"], "nobody/nothing is no dataset ("),
        (
            ["nosuch", "--out", "OUT", "--recipe", "nosuch.yaml"],
            NO_RECIPE,
        ),
        (["nosuch", "--out", "OUT", "--recipe", "BROKEN"], "is no YAML (while parsing"),
        (["nosuch", "--out", "OUT", "--recipe", "TEXT"], "holds no settings"),
        (["scratch", "nosuch.yaml"], NO_RECIPE),
        (["ear", "nosuch.yaml"], NO_RECIPE),
        (["report", "nosuch"], "events.jsonl does not exist"),
    ],
)
def test_a_mistyped_name_is_told_in_a_line(words, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.yaml").write_text("steps: [1\n")
    (tmp_path / "text.yaml").write_text("three hundred steps\n")
    names = {"OUT": str(tmp_path / "run"), "BROKEN": "broken.yaml", "TEXT": "text.yaml"}
    assert command.main([names.get(word, word) for word in words]) in (2, 4)
    error = capsys.readouterr().err
    assert told in error
    assert len(error.strip().splitlines()) == 1


def test_the_same_in_python():
    with pytest.raises(Problem, match="Check the path or the name"):
        load_splits("nosuch")
