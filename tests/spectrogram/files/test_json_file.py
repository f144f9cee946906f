"""JSON that is read back: what was written comes back, and anything else is one sentence that names the place."""

import ast
from pathlib import Path

import pytest
from pydantic import BaseModel

from spectrogram import json_text
from spectrogram.files import json_file
from spectrogram.problems import Problem

ROOT = Path(__file__).parents[3]


class Note(BaseModel):
    name: str
    steps: int
    losses: list[float] = []


def test_what_is_written_comes_back(tmp_path):
    note = Note(name="früh", steps=3, losses=[0.5])
    path = json_file.write(tmp_path / "note.json", note)
    assert json_file.read(path, Note) == note
    assert json_file.read(path, dict) == note.model_dump()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b'{"name": "a", "steps": "many"}', "at steps"),
        (b'{"name": "a"}', "at steps"),
        (b'{"name": "a", "steps": 1, "losses": [1, "x"]}', r"at losses\.1"),
        (b'{"name": "a", "ste', "JSON"),
        (b"\xff\xfe", "JSON"),
        (b"[]", "an object"),
        (b"[" * 100_000, "JSON"),
        (b"", "JSON"),
    ],
)
def test_a_damaged_file_is_one_sentence_with_its_name_and_the_place(data, told, tmp_path):
    path = tmp_path / "note.json"
    path.write_bytes(data)
    with pytest.raises(Problem, match=rf"note\.json is damaged.*{told}") as problem:
        json_file.read(path, Note)
    assert "\n" not in str(problem.value)
    assert len(str(problem.value)) < 400


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(Problem, match=path.name):
            json_file.read(path, Note)


def test_lines_are_read_without_the_unfinished_last_one(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text('{"name": "a", "steps": 1}\n\n{"name": "b", "steps": 2}\n{"name": "c"')
    assert [note.name for note in json_file.read_lines(path, Note)] == ["a", "b"]
    path.write_text('{"name": "a", "steps": 1}\n{"steps": 2}\n')
    with pytest.raises(Problem, match=r"events\.jsonl, line 2 is damaged at name"):
        json_file.read_lines(path, Note)
    assert json_file.read_lines(tmp_path / "none.jsonl", Note) == []


def test_no_number_that_json_does_not_know_is_written(tmp_path):
    with pytest.raises(Problem, match="a number that is none"):
        json_file.write(tmp_path / "note.json", {"loss": float("nan")})
    assert not (tmp_path / "note.json").exists()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_json_does_not_have_is_refused_by_name_and_leaves_the_former_file(value, tmp_path):
    path = json_file.write(tmp_path / "figures.json", {"a": 1})
    with pytest.raises(Problem, match=r"figures\.json would hold a number that is none"):
        json_file.write(path, {"a": [value]})
    assert json_file.read(path, dict) == {"a": 1}
    with pytest.raises(Problem, match="A header would hold a number that is none"):
        json_text.dumps({"a": value}, "a header")


def test_no_other_place_writes_json_that_may_hold_numbers_that_are_none():
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).parts
        if parts[0] in ("tests", "build") or any(part.startswith(".") for part in parts):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("json.dump", "json.dumps"):
                told = {word.arg: ast.unparse(word.value) for word in node.keywords}
                if told.get("allow_nan") != "False":
                    found.append(f"{'/'.join(parts)}:{node.lineno}")
    assert found == []
