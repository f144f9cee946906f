"""The README is followed to the letter, and names nothing that is not there."""

import json
import re
import wave
from pathlib import Path

import pytest

from tests.docs.walking import FENCE, ROOT, blocks, clone, walk

README = ROOT / "README.md"
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[\w-]+)?\)")
LANGUAGES = {"bash", "sh", "bat", "python", "bibtex"}


@pytest.mark.timeout(2700)
def test_a_stranger_who_follows_every_line_gets_what_it_promises(tmp_path):
    here = clone(tmp_path / "project")
    walk(here, "\n".join(blocks(README, "bash")), 2600)
    for name in ("rooster.wav", "owl.wav"):
        with wave.open(str(here / name)) as sound:
            assert sound.getnframes() > 4 * sound.getframerate()
    assert (here / "rooster.png").is_file()
    assert (here / "runs" / "owl" / "README.md").is_file()
    assert list((here / "runs" / "owl").glob("*_kohya.safetensors"))
    names = [{path.stem for path in (here / folder).iterdir()} for folder in ("outputs", "reference")]
    assert names[0] == names[1]
    results = json.loads((here / "results.json").read_text(encoding="utf-8"))
    divergence = next(value for key, value in results["metrics"].items() if key.startswith("audio_kl_divergence"))
    assert divergence["n_used"] == results["n_reference"] == results["n_generated"]


@pytest.mark.timeout(300)
def test_the_python_of_the_readme_runs(tmp_path):
    here = clone(tmp_path / "project")
    for number, text in enumerate(blocks(README, "python")):
        (here / f"block{number}.py").write_text(text, encoding="utf-8")
        walk(here, f"source .venv/bin/activate\npython block{number}.py", 250)
    assert (here / "rain.wav").is_file()


def test_what_is_not_run_here_is_run_elsewhere_or_a_target():
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    lines = [line for text in blocks(README, "sh") for line in text.splitlines()]
    assert all(re.fullmatch(r"make ([a-z]+)( TORCH=cpu)?", line)[1] in targets for line in lines)
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert {"make demo", "make test"} <= set(run) & set(lines)


def test_every_block_says_whether_it_is_run():
    told = {language for language, _ in FENCE.findall(README.read_text(encoding="utf-8"))}
    assert told <= LANGUAGES


def test_every_file_that_the_readme_links_is_there():
    links = LINK.findall(README.read_text(encoding="utf-8"))
    assert len(links) > 20
    assert [link for link in links if "://" not in link and not Path(ROOT, link).exists()] == []
