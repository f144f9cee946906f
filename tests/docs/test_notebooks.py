"""Every cell of the notebooks runs, on the embedded model, with few steps."""

import ast
import json
import os
import subprocess
import sys

import pytest

from tests.docs.walking import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MADE = {
    "1_make_sounds": ("rooster.wav", "how-2.wav", "changed.wav", "looped.wav"),
    "2_teach_your_own": ("before.wav", "after.wav", "owl/pytorch_lora_weights.safetensors", "owl/README.md"),
    "3_measure": ("results.json", "report.html"),
}


def cells(path) -> list[str]:
    book = json.loads(path.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_its_first_cell_to_its_last(path, tmp_path):
    script = tmp_path / "notebook.py"
    script.write_text("\n\n".join(cells(path)), encoding="utf-8")
    settings = os.environ | {"SD_AUDIO_WORK": str(tmp_path), "SD_AUDIO_QUICK": "1", "OMP_NUM_THREADS": "1"}
    settings["SD_AUDIO_CACHE"] = str(tmp_path / "cache")
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=ROOT / "notebooks",
        env=settings,
        capture_output=True,
        text=True,
        timeout=1700,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    for name in MADE[path.stem]:
        assert (tmp_path / "notebook" / name).stat().st_size > 100


def test_there_are_three_and_each_begins_alike_and_has_no_output():
    assert [path.stem for path in NOTEBOOKS] == sorted(MADE)
    assert len({cells(path)[0] for path in NOTEBOOKS}) == 1
    for path in NOTEBOOKS:
        book = json.loads(path.read_text(encoding="utf-8"))
        assert all(not cell.get("outputs") for cell in book["cells"])
        assert any("GPU road" in cell for cell in cells(path))
        for cell in cells(path):
            ast.parse(cell)
