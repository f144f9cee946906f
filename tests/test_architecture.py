"""The house rules that a machine can check: rooms, imports, sizes, names, and commands that answer at once.

docs/architecture.md holds the folders and the order of imports; what is checked here is read from that page.
"""

import ast
import re
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGES = ("spectrogram", "metrics", "dataset_builder", "training", "bioacoustics", "model_card", "space")
EVERYTHING = (*PACKAGES, "benchmarks", "integrations")
# Packages that stand side by side on the same floor, and do not know each other.
STRANGERS = {"dataset_builder": {"metrics"}, "space": {"training"}}
LONGEST_FILE_LINES = 400
MOST_FILES = 20
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}
HEAVY = {"torch", "diffusers", "peft", "gradio", "evaluate", "transformers", "datasets", "matplotlib", "numba"}
# A generous limit for a busy machine; on a quiet one each takes about .3 s (pytest -s prints it).
SLOWEST_HELP_S = 20


def python_files(package):
    return sorted((ROOT / package).rglob("*.py"))


def module_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules():
    """{dotted name: path} of everything but the tests."""
    files = [
        ROOT / "app.py",
        ROOT / "demo.py",
        ROOT / "sd_audio.py",
        *(path for package in EVERYTHING for path in python_files(package)),
    ]
    return {module_of(path): path for path in files}


def imported_names(path):
    """Absolute names of every import of a file, wherever it stands; `from a import b` gives a and a.b."""
    package = module_of(path) if path.name == "__init__.py" else module_of(path).rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield f"{base}.{alias.name}" if f"{base}.{alias.name}" in modules() else base


@cache
def graph():
    """{module: modules of this project that it imports}."""
    return {name: {one for one in imported_names(path) if one in modules()} for name, path in modules().items()}


def room_of(name):
    """The folder of a module; what lies directly in a package stands for itself, because a package has all floors."""
    path = modules()[name]
    return name if path.parent.parent == ROOT or path.parent == ROOT else module_of(path.parent / "__init__.py")


def circle_in(edges):
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return error.args[1]
    return None


def test_no_circle_among_files():
    assert circle_in(graph()) is None


def test_no_circle_among_folders():
    rooms = {}
    for name, imported in graph().items():
        rooms.setdefault(room_of(name), set()).update({room_of(one) for one in imported} - {room_of(name)})
    assert circle_in(rooms) is None


def orders():
    """{package, or "packages": what it holds, lowest first} as the page draws it."""
    lines = PAGE.partition("## Imports point down")[2].partition("```\n")[2].partition("```")[0].splitlines()
    return {line.split()[0]: line.split(maxsplit=1)[1].split(" ◄ ") for line in lines}


def test_the_page_orders_every_package_and_all_that_stands_in_it():
    assert set(orders()) == {"packages", *PACKAGES} - {"model_card"}
    for package in set(orders()) - {"packages"}:
        there = {name.split(".")[1] for name in modules() if name.startswith(f"{package}.")} - {"__main__"}
        metrics = {path.parent.name for path in ROOT.glob("metrics/*/app.py")} | {"metric_app"}
        assert set(orders()[package]) == there - (metrics if package == "metrics" else set()), package


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_point_down_between_packages(package):
    above = orders()["packages"]
    allowed = set(above[: above.index(package) + 1]) - STRANGERS.get(package, set())
    forbidden = ({*EVERYTHING, "app", "demo", "tests"}) - allowed
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in python_files(package)
        for name in imported_names(path)
        if name.split(".")[0] in forbidden
    ]
    assert python_files(package)
    assert wrong == []


@pytest.mark.parametrize("package", sorted(set(PACKAGES) - {"model_card"}))
def test_imports_point_down_inside_a_package(package):
    order = orders()[package]
    wrong = []
    for name, imported in graph().items():
        for one in imported:
            if not (name.startswith(f"{package}.") and one.startswith(f"{package}.")):
                continue
            here, there = name.split(".")[1], one.split(".")[1]
            if here in order and (there not in order or order.index(there) > order.index(here)):
                wrong.append(f"{name} imports {one}")
    assert wrong == []


def folders_on_disk():
    """Folders that hold code, without the metrics, whose folders are described by their names."""
    metrics = {path.parent for path in ROOT.glob("metrics/*/app.py")}
    found = {path.parent for package in EVERYTHING for path in python_files(package)} - metrics
    return {f"{folder.relative_to(ROOT).as_posix()}/" for folder in found | {ROOT / "integrations" / "automatic1111"}}


def folders_on_the_page():
    text = PAGE.partition("## The house")[2].partition("```\n")[2].partition("```")[0]
    found, above = set(), []
    for line in text.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        names = re.findall(r"(?<!\S)([a-z_0-9]+)/", line)
        if depth == 0:
            above, rest = [names[0]], names[1:]
            found |= {f"{names[0]}/", *(f"{names[0]}/{name}/" for name in rest)}
        else:
            above = above[:depth]
            found |= {"/".join([*above, name]) + "/" for name in names}
            above = [*above, names[0]]
    return found


def test_the_page_shows_the_folders_that_there_are():
    scripts = "integrations/automatic1111/scripts/"  # where the web UI looks for it
    assert folders_on_the_page() == folders_on_disk() - {scripts}


def test_no_folder_holds_too_many_files():
    folders = {path.parent for package in (*EVERYTHING, "tests") for path in python_files(package)}
    counts = {str(folder.relative_to(ROOT)): len(list(folder.glob("*.py"))) for folder in folders}
    assert {name: count for name, count in counts.items() if count > MOST_FILES} == {}


def test_files_stay_short():
    files = [
        ROOT / "app.py",
        ROOT / "demo.py",
        ROOT / "sd_audio.py",
        *(p for name in (*EVERYTHING, "tests") for p in python_files(name)),
    ]
    lengths = {str(p.relative_to(ROOT)): len(p.read_text(encoding="utf-8").splitlines()) for p in files}
    assert {name: n for name, n in lengths.items() if n > LONGEST_FILE_LINES} == {}


def test_files_are_named_after_a_thing():
    vague = [path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.stem in VAGUE_NAMES]
    assert vague == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_is_named_after_a_dependency(package):
    assert [p for p in python_files(package) if p.stem in HEAVY] == []


def loaded_by_name():
    """Modules that are found by the name of a method, a class of sound or a metric."""
    from dataset_builder.soundscapes.synthesis.catalogue import CATALOGUE
    from training.method_table import METHODS

    yield from (f"training.methods.{name}" for name in METHODS)
    yield from {sound.generate.__module__ for sound in CATALOGUE.values()}
    for app in ROOT.glob("metrics/*/app.py"):
        yield from (f"metrics.{app.parent.name}.app", f"metrics.{app.parent.name}.{app.parent.name}")


def is_program(path):
    return 'if __name__ == "__main__":' in path.read_text(encoding="utf-8")


def test_no_module_is_without_a_caller():
    """Each is imported, found by name or named by another file (a table of commands, a guide); benchmarks also run."""
    called = set().union(*graph().values()) | set(loaded_by_name())
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / line for line in listed.splitlines() if Path(line).suffix in (".md", ".py") and "log" not in line]
    texts = {path: path.read_text(encoding="utf-8") for path in files if path.is_file() and "tests" not in path.parts}
    idle = []
    for name, path in modules().items():
        if name in called or path.name in ("__init__.py", "__main__.py", "app.py", "demo.py", "sd_audio.py"):
            continue
        if name.startswith("integrations.") or (name.startswith("benchmarks.") and is_program(path)):
            continue  # started by another program, by a person
        words = re.compile(rf"(?<![\w.]){re.escape(name)}\b|{re.escape(path.relative_to(ROOT).as_posix())}")
        if not any(words.search(text) for file, text in texts.items() if file != path):
            idle.append(name)
    assert idle == []


def commands():
    """Every command line of the project as words after "python -m"."""
    yield from ("spectrogram", "dataset_builder", "training", "metrics", "model_card", "space deploy", "space examples")
    for package in ("spectrogram", "dataset_builder", "training"):
        yield from (f"{package} {name}" for name in import_module(f"{package}.__main__").COMMANDS)


HELP = """
import runpy, sys, time
began = time.perf_counter()
name, *words = sys.argv[1:]
sys.argv = [name, *words, "--help"]
try:
    runpy.run_module(name, run_name="__main__", alter_sys=True)
except SystemExit as end:
    print(f"\\nCOUNT {end.code or 0} {time.perf_counter() - began:.3f}", *sys.modules)
"""


@pytest.mark.parametrize("command", list(commands()))
def test_help_is_light_in_a_fresh_process(command):
    done = subprocess.run([sys.executable, "-c", HELP, *command.split()], cwd=ROOT, capture_output=True, text=True)
    code, seconds, *loaded = done.stdout.rpartition("COUNT ")[2].split()
    print(f"python -m {command} --help: {float(seconds):.2f} s")
    assert code == "0", done.stderr
    assert "usage:" in done.stdout
    assert set(loaded) & HEAVY == set()
    assert float(seconds) < SLOWEST_HELP_S
