"""Every place that prints a "next:" line has a test that does what the line says.

A test says so with ``@pytest.mark.next_line("path/of/module.py function")``.
"""

import ast
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch
from safetensors.torch import save_file

from model_card.__main__ import main as model_card
from space import examples
from spectrogram import shell
from tests.model_card.test_adapter_card import RUN

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
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "next: " in text else ():
            inner = (one for one in ast.walk(node) if isinstance(one, ast.FunctionDef) and one is not node)
            if isinstance(node, ast.FunctionDef) and says_next(node) and not any(map(says_next, inner)):
                found.add(f"{path.relative_to(ROOT).as_posix()} {node.name}")
    return found


def run_by_tests() -> set[str]:
    """The places that marks in the tests name."""
    found = set()
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "next_line(" in text else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "next_line":
                found.update(argument.value for argument in node.args)
    return found


def test_every_next_line_is_run_by_a_test():
    assert len(places()) > 15
    assert sorted(places() - run_by_tests()) == []
    assert sorted(run_by_tests() - places()) == []


@contextmanager
def opened(line: str):
    """The page that a printed line opens, by its address; the line runs as a shell runs it, in the project's folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    # `python` is the environment's, as it is for a person who has activated it.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    settings = {"GRADIO_SERVER_PORT": port, "GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "PATH": path}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    server = subprocess.Popen(
        ["bash", "-c", f"exec {line}"], cwd=ROOT, env=os.environ | settings, start_new_session=True, **quiet
    )
    try:
        yield answering(f"http://127.0.0.1:{port}/config", server)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.communicate(timeout=60)


def answering(address: str, server: subprocess.Popen, seconds: float = 200) -> str:
    """What the page says of itself, once it does."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and server.poll() is None:
        with suppress(OSError):
            return urllib.request.urlopen(address, timeout=20).read().decode()
        time.sleep(0.3)
    raise AssertionError(f"nothing answers at {address}; exit code {server.poll()}")


@pytest.mark.next_line("demo.py main")
def test_what_the_demo_says_comes_next_opens_the_page():
    said = [str(node.value) for node in ast.walk(ast.parse((ROOT / "demo.py").read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and str(node.value).startswith("next: ")]  # fmt: skip
    (line,) = [re.match(r"next: (make \w+)", text)[1] for text in said]
    # What make would run, without what it does first where the environment is older than its lock.
    own = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    words = [*shlex.split(line), "-n"]
    told = subprocess.run(words, cwd=ROOT, env=own, capture_output=True, text=True, timeout=60, check=True)
    recipe = told.stdout.strip().splitlines()[-1]
    assert " app.py " in recipe
    with opened(recipe) as page:
        assert "Generate" in page


@pytest.mark.next_line("model_card/__main__.py write")
def test_the_page_that_a_card_names_shows_the_run_that_lies_elsewhere(tmp_path, capsys):
    run = tmp_path / "my owl's runs #1" / "tawny night owl"
    run.mkdir(parents=True)
    (run / "run.json").write_text(json.dumps(RUN), encoding="utf-8")
    layer = "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"
    width = json.loads((ROOT / "base_model" / "unet" / "config.json").read_text())["block_out_channels"][1]
    pair = {f"{layer}.lora_A.weight": torch.zeros(2, width), f"{layer}.lora_B.weight": torch.ones(width, 2)}
    save_file(pair, run / "pytorch_lora_weights.safetensors", {"format": "pt"})
    assert model_card([str(run)]) == 0
    line = re.search(r"^next: (python app\.py .*)$", capsys.readouterr().out, re.MULTILINE)[1]
    with opened(line) as page:
        assert "tawny night owl" in page


@pytest.mark.next_line("space/examples.py make")
def test_the_page_that_the_examples_name_is_the_one_without_more_words(capsys, monkeypatch):
    monkeypatch.setattr("space.store.example_clips.make_examples", lambda pipeline: [])
    monkeypatch.setattr("spectrogram.models.load_pipeline", Mock())
    assert examples.main([]) == 0
    # The same line with --adapters behind it is run above.
    assert capsys.readouterr().out == "next: python app.py\n"
    assert shell.page(Path("runs")) == "python app.py"
    assert shell.page(Path("-x")) == "python app.py --adapters ./-x"
