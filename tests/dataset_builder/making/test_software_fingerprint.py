"""Which changes of this project discard a half-built dataset: those that change a row, and no others."""

import ast
from pathlib import Path

import spectrogram
from dataset_builder.making.piece import row_code, software_fingerprint, statements

ROOT = Path(__file__).resolve().parents[3]
# What rows import but do not depend on: messages, exit codes, memory, and where a finished piece is written.
WITHOUT_EFFECT = {"spectrogram/problems.py", "dataset_builder/making/allocator.py"}

SOURCE = '''"""A module."""


def twice(x):
    """Two times x."""
    return 2 * x  # doubled
'''


def imported_files(path):
    """Files of this project that a file imports, wherever the import stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names)):
                place = ROOT / name.replace(".", "/")
                yield from (file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file())


def test_every_file_that_a_row_depends_on_is_in_the_fingerprint():
    reached, waiting = set(), [ROOT / "dataset_builder" / "making" / "piece.py"]
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            waiting.extend(imported_files(path))
    reached = {path.relative_to(ROOT).as_posix() for path in reached if path.name != "__init__.py"}
    assert len(reached) > 15
    assert reached - WITHOUT_EFFECT <= {path.relative_to(ROOT).as_posix() for path in row_code()}


def test_comments_docstrings_and_layout_change_nothing_and_code_does():
    other_words = SOURCE.replace("Two times x.", "Twice x.").replace("# doubled", "# why").replace("A module", "This")
    assert statements(other_words) == statements(SOURCE)
    assert statements(SOURCE.replace("2 * x", "3 * x")) != statements(SOURCE)


def test_a_changed_step_of_the_codec_changes_the_fingerprint_and_a_changed_verb_does_not(tmp_path, monkeypatch):
    package = tmp_path / "spectrogram"
    for path in Path(spectrogram.__file__).parent.rglob("*.py"):
        copy = package / path.relative_to(Path(spectrogram.__file__).parent)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    monkeypatch.setattr(spectrogram, "__file__", str(package / "__init__.py"))
    before = software_fingerprint()
    (package / "verbs" / "loop.py").write_text("CHANGED = 1")
    assert software_fingerprint() == before
    with (package / "codec" / "mel.py").open("a") as file:
        file.write("CHANGED = 1\n")
    assert software_fingerprint() != before
