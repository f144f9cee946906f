"""The house rules that a machine can check: which way imports point, how long files are, what they are called."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# What each package may import of the others; "space" starts training as a program and reads its events.
ALLOWED = {
    "spectrogram": set(),
    "metrics": {"spectrogram"},
    "dataset_builder": {"spectrogram"},
    "training": {"spectrogram", "metrics", "dataset_builder"},
    "model_card": {"spectrogram", "metrics", "dataset_builder", "training"},
    "space": {"spectrogram", "metrics", "dataset_builder", "model_card"},
}
LONGEST_FILE_LINES = 300
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}
HEAVY = {"torch", "diffusers", "peft", "gradio", "evaluate", "transformers", "datasets", "matplotlib", "numba"}


def python_files(package):
    return sorted((ROOT / package).rglob("*.py"))


def imported_roots(path):
    """First names of every absolute import of a file, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_point_down(package):
    forbidden = (set(ALLOWED) | {"app", "demo", "benchmarks", "tests"}) - ALLOWED[package] - {package}
    wrong = [
        f"{path.relative_to(ROOT)} imports {root}"
        for path in python_files(package)
        for root in imported_roots(path)
        if root in forbidden
    ]
    assert python_files(package)
    assert wrong == []


def test_files_stay_short():
    packages = [*ALLOWED, "benchmarks", "tests", "integrations"]
    files = [ROOT / "app.py", ROOT / "demo.py", *(path for package in packages for path in python_files(package))]
    lengths = {str(p.relative_to(ROOT)): len(p.read_text(encoding="utf-8").splitlines()) for p in files}
    assert {name: n for name, n in lengths.items() if n > LONGEST_FILE_LINES} == {}


def test_files_are_named_after_a_thing():
    vague = [p for package in ALLOWED for p in python_files(package) if p.stem in VAGUE_NAMES]
    assert vague == []


@pytest.mark.parametrize("package", ALLOWED)
def test_no_module_is_named_after_a_dependency(package):
    assert [p for p in python_files(package) if p.stem in HEAVY] == []


@pytest.mark.parametrize("package", ["dataset_builder", "training", "metrics", "model_card", "spectrogram"])
def test_help_does_not_import_heavy_libraries(package):
    """The command line's own module and package import nothing heavy at their top level."""
    for path in (ROOT / package / "__init__.py", ROOT / package / "__main__.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        top = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
        roots = {a.name.split(".")[0] for n in top if isinstance(n, ast.Import) for a in n.names}
        roots |= {n.module.split(".")[0] for n in top if isinstance(n, ast.ImportFrom) and n.level == 0}
        assert roots & HEAVY == set()
