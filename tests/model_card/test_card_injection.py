"""Whatever stands in captions, labels and licences is only text on a card: no markup, no link, no Python."""

import ast
import json
import re

import pytest
from markdown_it import MarkdownIt

from model_card import __main__ as command
from tests.model_card.test_adapter_card import RESULTS, RUN

MARKUP = "<img src=x onerror=alert(1)>"
TEXTS = [
    MARKUP,
    'x"); import os; os.system("id") #',
    "a | b [c](javascript:alert(3)) `x` **b** \n\n# h",
    "```\n<script>alert(1)</script>\n```",
    "{{ 7 * 7 }}{% raw %} ${name}",
    '\\", os.abort()) #',
    "1. [x]: http://a.example",
]


def written(tmp_path, text):
    """The card of a run in which a stranger wrote that text wherever people write."""
    folder = tmp_path / "owl"
    (folder / "samples").mkdir(parents=True)
    rows = [{"prompt": text, "seed": 0, "tag": tag, "file": f"{tag}-0.wav"} for tag in ("before", "after")]
    (folder / "samples" / "samples.json").write_text(json.dumps(rows))
    settings = RUN["settings"] | {"trigger": text, "targets": text}
    run = RUN | {"settings": settings, "licences": {text: 3}, "base": text}
    (folder / "run.json").write_text(json.dumps(run | {"dataset": RUN["dataset"] | {"name": text}}))
    figures = {"frechet_distance[ear]": RESULTS["metrics"]["frechet_distance[ear]"] | {"note": text}}
    results = RESULTS | {"metrics": figures, "warnings": [text], "embedder": {"name": text, "version": text}}
    (tmp_path / "results.json").write_text(json.dumps(results | {"rows": {text: {}}}))
    assert command.main([str(folder), "--results", str(tmp_path / "results.json")]) == 0
    return (folder / "README.md").read_text(encoding="utf-8").split("\n---\n", 1)[1]


@pytest.mark.parametrize("text", TEXTS)
def test_the_card_shows_the_text_and_obeys_none_of_it(tmp_path, text):
    card = written(tmp_path, text)
    html = MarkdownIt("commonmark").enable("table").render(card)
    plain = written(tmp_path / "plain", "rain")
    expected = MarkdownIt("commonmark").enable("table").render(plain)
    tags, expected_tags = (re.findall(r"<[^>]*>", one) for one in (html, expected))
    assert tags == expected_tags


@pytest.mark.parametrize("text", TEXTS)
def test_the_python_on_the_card_is_the_same_three_calls(tmp_path, text):
    block = re.search(r"```python\n(.*?)\n```", written(tmp_path, text), re.DOTALL).group(1)
    tree = ast.parse(block)
    assert [type(node).__name__ for node in tree.body] == ["ImportFrom", "Assign", "Expr", "Expr"]
    assert [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value == text] == [
        text
    ] * 2


def test_no_absolute_path_reaches_a_card(tmp_path):
    folder = tmp_path / "owl"
    folder.mkdir()
    run = RUN | {"base": "/home/anna/base", "dataset": RUN["dataset"] | {"name": "/home/anna/sounds/owls"}}
    (folder / "run.json").write_text(json.dumps(run))
    (tmp_path / "results.json").write_text(json.dumps(RESULTS))
    assert command.main([str(folder), "--results", str(tmp_path / "results.json")]) == 0
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "/home" not in card
    assert "owls" in card
