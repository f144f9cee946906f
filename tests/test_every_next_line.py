"""Every place that prints a "next:" line has a test that does what the line says.

A test says so with ``@pytest.mark.next_line("path/of/module.py function")``.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOT_SAID_BY_A_COMMAND = ("tests", "benchmarks", "build")


def sources() -> Iterator[Path]:
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).parts
        if parts[0] not in NOT_SAID_BY_A_COMMAND and not any(part.startswith(".") for part in parts):
            yield path


def says_next(function: ast.AST) -> bool:
    """True for a function with a text in it that begins a line with "next: "."""
    texts = (str(node.value) for node in ast.walk(function) if isinstance(node, ast.Constant))
    return any(text.startswith("next: ") or "\nnext: " in text for text in texts)


def places() -> set[str]:
    """``training/sweep.py main`` for each function that prints such a line."""
    found = set()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            inner = (one for one in ast.walk(node) if isinstance(one, ast.FunctionDef) and one is not node)
            if isinstance(node, ast.FunctionDef) and says_next(node) and not any(map(says_next, inner)):
                found.add(f"{path.relative_to(ROOT).as_posix()} {node.name}")
    return found


def run_by_tests() -> set[str]:
    """The places that marks in the tests name."""
    found = set()
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "next_line":
                found.update(argument.value for argument in node.args)
    return found


def test_every_next_line_is_run_by_a_test():
    assert len(places()) > 15
    assert sorted(places() - run_by_tests()) == []
    assert sorted(run_by_tests() - places()) == []


@pytest.mark.next_line("demo.py main")
def test_make_knows_how_the_page_is_opened():
    done = subprocess.run(["make", "-n", "space"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "app.py" in done.stdout


@pytest.mark.next_line("model_card/__main__.py write", "space/examples.py make")
def test_the_page_takes_the_folder_of_a_run_that_lies_elsewhere(tmp_path):
    line = [sys.executable, "app.py", "--adapters", str(tmp_path), "--help"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "Open the Space on this machine" in done.stdout
