"""The example workflows name the node pack's own nodes, inputs and choices, and hold together as graphs."""

import json
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from integrations.comfyui import NODE_CLASS_MAPPINGS
from integrations.comfyui_workflows import FOLDER, GRAPHS, drawing, signature, workflow

ROOT = Path(__file__).parents[2]
FILES = [pytest.param(FOLDER / f"{name}.json", id=name) for name in GRAPHS]


@pytest.mark.parametrize("path", FILES)
def test_every_input_of_our_nodes_is_linked_or_has_a_value_that_the_node_allows(path):
    ours = [node for node in json.loads(path.read_text())["nodes"] if node["type"] in NODE_CLASS_MAPPINGS]
    assert ours
    for node in ours:
        linked = {slot["name"] for slot in node["inputs"]}
        values = list(node["widgets_values"])
        told = NODE_CLASS_MAPPINGS[node["type"]].INPUT_TYPES()
        for name, (kind, *rest) in told["required"].items():
            if name in linked:
                continue
            value = values.pop(0)
            limits = rest[0] if rest else {}
            if isinstance(kind, list):
                assert value in kind
            else:
                assert limits["min"] <= value <= limits["max"]
            if name == "seed":
                assert values.pop(0) == "fixed"
        assert linked <= {*told["required"], *told.get("optional", {})}


@pytest.mark.parametrize("path", FILES)
def test_every_link_joins_an_output_and_an_input_of_one_type(path):
    graph = json.loads(path.read_text())
    nodes = {node["id"]: node for node in graph["nodes"]}
    for number, source, slot, target, place, kind in graph["links"]:
        assert nodes[source]["outputs"][slot]["type"] == kind == nodes[target]["inputs"][place]["type"]
        assert number in nodes[source]["outputs"][slot]["links"]
        assert nodes[target]["inputs"][place]["link"] == number
        assert signature(nodes[source]["type"])[1][slot] == kind
        assert signature(nodes[target]["type"])[0][nodes[target]["inputs"][place]["name"]] == kind
    assert any(node["type"] == "SaveAudio" for node in graph["nodes"])


@pytest.mark.parametrize("name", GRAPHS)
def test_the_files_are_what_their_description_says_and_have_a_picture(name):
    assert json.loads((FOLDER / f"{name}.json").read_text()) == workflow(GRAPHS[name])
    with Image.open(FOLDER / f"{name}.jpg") as picture:
        shown = np.asarray(picture.convert("RGB"), np.float32)
    far = {other: distance(np.asarray(drawing(graph), np.float32), shown) for other, graph in GRAPHS.items()}
    assert far[name] < 3
    assert all(found > 6 for other, found in far.items() if other != name)


def distance(drawn, shown):
    """The mean difference of two pictures in grey levels; of two sizes, without measure."""
    return float(np.abs(drawn - shown).mean()) if drawn.shape == shown.shape else np.inf


def test_a_picture_of_another_setting_or_wire_is_another_picture():
    graph = GRAPHS[next(iter(GRAPHS))]
    seeded = next(name for name, (_, given) in graph.items() if "seed" in given)
    kind, given = graph[seeded]
    other = graph | {seeded: (kind, given | {"seed": 123456789})}
    assert workflow(other) != workflow(graph)
    assert (np.asarray(drawing(other)) != np.asarray(drawing(graph))).any()


def test_the_node_pack_tells_comfys_registry_what_it_asks_for():
    told = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text())
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    project, comfy = told["project"], told["tool"]["comfy"]
    assert re.fullmatch(r"[A-Za-z](?:[._-]?[A-Za-z0-9]+)*", project["name"])
    assert len(project["name"]) < 100
    assert (project["version"], project["requires-python"]) == (ours["version"], ours["requires-python"])
    assert project["dependencies"] == [f"{ours['name']}>={ours['version']}"]
    assert project["license"] == {"text": ours["license"]}
    assert re.fullmatch(r"\d+\.\d+\.\d+", project["version"])
    assert project["description"]
    assert {"PublisherId", "DisplayName", "Icon"} <= set(comfy)
    assert comfy["DisplayName"]
    # The two that only a publisher knows are asked for by name, and are filled in together or not at all.
    assert bool(comfy["PublisherId"]) == bool(project["urls"]["Repository"])
    assert re.fullmatch(r"(https://\S+)?", project["urls"]["Repository"])
    readme = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in readme for name in ("PublisherId", "Repository"))
