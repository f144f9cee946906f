"""Pages followed to the letter: their shell blocks are run, in their order, in a copy of what is tracked."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of one language: ``bash`` is run here, ``sh`` needs a network, a browser or much time."""
    return [text for told, text in FENCE.findall(page.read_text(encoding="utf-8")) if told == language]


def clone(folder: Path) -> Path:
    """A copy of the project's files with an environment that `make` finds ready: the one that runs the tests.

    The codec's loops come along as these tests' own process compiled them: they fit files of the same name and time.
    """
    activate = Path(sys.prefix) / "bin" / "activate"
    if not activate.is_file():
        pytest.skip("the tests run in no virtual environment, which the README's second line activates")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("this is no git checkout, whose files could be listed")
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for compiled in (ROOT / "spectrogram" / "codec").glob("__pycache__/*.nb[ci]"):
        (folder / compiled.relative_to(ROOT)).parent.mkdir(exist_ok=True)
        shutil.copy2(compiled, folder / compiled.relative_to(ROOT))
    (folder / ".venv").mkdir(parents=True)
    (folder / ".venv" / "bin").symlink_to(Path(sys.prefix) / "bin")
    (folder / ".venv" / ".ready").touch()
    return folder


def walk(folder: Path, script: str, seconds: float) -> str:
    """What a shell prints that runs the lines in the folder, stopping at the first that fails."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment |= {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "SD_AUDIO_CACHE": str(folder / ".embedded")}
    done = subprocess.run(
        ["bash", "-c", f"set -euxo pipefail\n{script}"],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout
