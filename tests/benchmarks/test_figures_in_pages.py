"""No figure in the README or the docs is typed: each stands in a block that a benchmark's JSON fills."""

import re

import pytest
from jinja2 import UndefinedError

from benchmarks import figures

# A ratio, or a measured quantity with a decimal point; settings and limits are whole numbers or stand in code.
MEASURED = re.compile(
    r"\d\s?×(?!\s?\d)|\d+\.\d+ ?(?:ms|s|seconds|minutes|dB|MB|GB|%|CPU)\b|\d+ (?:ms|times (?:as|faster))\b"
)
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
# Lengths and levels that the codec and the page are built with: settings, not measurements.
SETTINGS = ("5.12 s", "10.24 s", "7.68 s", "2.5 s", "0.96 s", "0.5 s", "40 ms", "64 ms", "80 ms")
# Pages whose figures are other people's work or have a checker of their own.
NOT_HERE = {"hosts.md", "bioacoustics.md", "security.md", "architecture.md"}
PAGES = [page for page in figures.pages() if page.name not in NOT_HERE]


@pytest.mark.parametrize("page", figures.pages(), ids=lambda page: page.name)
def test_every_block_says_what_its_files_say(page):
    text = page.read_text(encoding="utf-8")
    assert figures.filled(text, figures.read_all()) == text, "run: python -m benchmarks.figures"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_measured_figure_is_typed_outside_a_block(page):
    text = CODE.sub("", figures.BLOCK.sub("", page.read_text(encoding="utf-8")))
    for setting in SETTINGS:
        text = text.replace(setting, "")
    assert [line for line in text.splitlines() if MEASURED.search(line)] == []


def test_every_block_template_is_used_and_every_file_is_read():
    texts = "".join(page.read_text(encoding="utf-8") for page in figures.pages())
    used = {found[1] for found in figures.BLOCK.finditer(texts)}
    assert used == {path.stem for path in (figures.FIGURES / "blocks").glob("*.j2")}
    templates = "".join(path.read_text(encoding="utf-8") for path in (figures.FIGURES / "blocks").glob("*.j2"))
    own = {path.stem for path in figures.FIGURES.glob("*.json")}
    assert {name for name in own if not re.search(rf"\b{name}\b", templates)} == set()


@pytest.mark.parametrize("typed", ["1.2", "1.3 ", ""])
def test_a_page_that_was_changed_by_hand_is_made_right(tmp_path, monkeypatch, typed):
    blocks = tmp_path / "figures" / "blocks"
    blocks.mkdir(parents=True)
    (blocks / "a.j2").write_text("wind is {{ x.wind | num(1) }} ×")
    monkeypatch.setattr(figures, "FIGURES", tmp_path / "figures")
    page = f"before\n<!-- figures: a -->\n\nwind is {typed} ×\n\n<!-- end of figures -->\nafter"
    made = figures.filled(page, {"x": {"wind": 1.31}})
    assert made == "before\n<!-- figures: a -->\n\nwind is 1.3 ×\n\n<!-- end of figures -->\nafter"
    with pytest.raises(UndefinedError):
        figures.filled(page, {"x": {}})
    assert f"{figures.NOT_MEASURED} (docs/figures/x.json is missing)" in figures.filled(page, {})
