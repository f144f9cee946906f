"""Names and contents of old pickles: nothing is written outside --out, and what is no adapter is one sentence."""

from pathlib import Path

import pytest
import torch

from training import __main__ as command

CASES = Path(__file__).resolve().parents[4] / "shared" / "cases" / "security" / "convert-traversal"
VECTORS = torch.ones(2, 32)
NAMES = ["../../outside", "/tmp/outside", "..\\outside", "a/b", "C:evil", "nul", "x\x00y", "", "." * 300]


def convert(held, folder):
    torch.save(held, folder / "word.pt")
    return command.main(["convert", str(folder / "word.pt"), "--out", str(folder / "out" / "words")])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("layout", ["webui", "diffusers"])
def test_a_name_inside_a_pickle_never_leads_out_of_the_folder(name, layout, tmp_path, capsys):
    held = {"string_to_param": {"*": VECTORS}, "name": name} if layout == "webui" else {f"<{name}>": VECTORS}
    code = convert(held, tmp_path)
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "word.pt"]
    assert all(path.parent == tmp_path / "out" / "words" for path in written)
    if code:
        assert code in (2, 4)
        assert written == []
        assert len(capsys.readouterr().err.splitlines()) == 1
    else:
        assert name == ""
        assert layout == "webui"


EMPTY = [
    {"string_to_param": {}}, {"string_to_param": {"*": 3}}, {"string_to_param": [VECTORS]}, {}, {1: VECTORS},
    {"<a>": 7}, {"<a>": torch.tensor(2.0)}, torch.tensor(1.0), torch.empty(0, 3),
]  # fmt: skip


@pytest.mark.parametrize("held", EMPTY, ids=range(len(EMPTY)))
def test_what_holds_no_word_is_one_sentence(held, tmp_path, capsys):
    assert convert(held, tmp_path) == 4
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not here")
@pytest.mark.parametrize("name", ["name.pt", "empty.pt", "int.pt", "scalar.pt"])
def test_the_known_hostile_files_are_refused(name, tmp_path, capsys):
    assert command.main(["convert", str(CASES / name), "--out", str(tmp_path / "a" / "b")]) == 4
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
