"""The app of every metric: it starts, and its fields become the arguments of the metric."""

import importlib
from pathlib import Path

import pytest

from metrics.metric_app import arguments_of, build

MODULES = sorted(path.parent.name for path in Path("metrics").glob("*/app.py"))


def test_every_metric_has_module_card_and_app():
    for name in MODULES:
        assert (Path("metrics") / name / f"{name}.py").is_file()
        assert (Path("metrics") / name / "README.md").read_text(encoding="utf-8").startswith("---\ntitle: ")
        assert importlib.util.find_spec(f"metrics.{name}.app")
    assert len(MODULES) == 7


def test_lines_of_text_become_lists():
    given = {"predictions": ["a.wav"], "references": " a dog \n\nrain\n"}
    assert arguments_of("clap_score", given)["references"] == ["a dog", "rain"]


def test_an_empty_field_is_named():
    with pytest.raises(ValueError, match="references missing"):
        arguments_of("frechet_audio_distance", {"predictions": ["a.wav"], "references": None})


@pytest.mark.parametrize("name", MODULES)
def test_the_app_is_built_with_its_fields(name):
    app = build(name)
    labels = [block.label for block in app.blocks.values() if getattr(block, "label", None)]
    assert "Generated clips" in labels
    assert ("Labels of the generated clips, one line each" in labels) == (name == "classification_accuracy_score")
