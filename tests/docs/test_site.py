"""The site builds from the pages and the docstrings, and a dead link fails the build."""

import shutil
import subprocess
import sys

import pytest
import yaml

from tests.docs.walking import ROOT

pytest.importorskip("mkdocs", reason="mkdocs is not installed")


def build(config, out):
    words = [sys.executable, "-m", "mkdocs", "build", "-f", str(config), "-d", str(out)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=580)


@pytest.mark.timeout(600)
def test_the_site_builds_with_guides_and_reference(tmp_path):
    pytest.importorskip("mkdocstrings", reason="mkdocstrings is not installed")
    done = build(ROOT / "mkdocs.yml", tmp_path / "site")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    start = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    for page in ("for-researchers", "ethics", "faq", "measured", "architecture"):
        assert f'href="{page}.html"' in start
    assert 'href="log.html"' not in start.split("</nav>")[0]
    reference = tmp_path / "site" / "reference"
    assert "SpectrogramCodec" in (reference / "spectrogram.codec.html").read_text(encoding="utf-8")
    assert "Parameters:" in (reference / "spectrogram.files.html").read_text(encoding="utf-8")


@pytest.fixture
def copied(tmp_path):
    """The pages in a folder of their own, under the same rules but for the reference."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    config = tmp_path / "mkdocs.yml"
    here = {"INHERIT": str(ROOT / "mkdocs.yml"), "docs_dir": str(tmp_path / "docs"), "plugins": ["search"]}
    config.write_text(yaml.safe_dump(here | {"hooks": [str(ROOT / "docs" / "site" / "hooks.py")]}), encoding="utf-8")
    return config


@pytest.mark.parametrize("dead", ["[a](nowhere.md)", "[a](../metrics/nowhere.md)", "[a](codec.md#no-such-heading)"])
def test_a_dead_link_fails_the_build(copied, tmp_path, dead):
    with open(tmp_path / "docs" / "faq.md", "a", encoding="utf-8") as page:
        page.write(f"\n{dead}\n")
    done = build(copied, tmp_path / "site")
    assert done.returncode == 1
    assert "nowhere.md" in done.stdout + done.stderr or "no-such-heading" in done.stdout + done.stderr


def test_the_same_pages_without_a_dead_link_build(copied, tmp_path):
    assert build(copied, tmp_path / "site").returncode == 0
