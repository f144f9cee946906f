"""One command sends Space, model and dataset to a Hub on loopback, through the real client."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from space.deploy import front_matter, make_plan
from spectrogram.problems import UsageProblem
from tests.loopback_hub import LoopbackHub

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def dataset(tmp_path):
    (tmp_path / "owls" / "data" / "mini").mkdir(parents=True)
    (tmp_path / "owls" / "data" / "mini" / "train-00000-of-00001.parquet").write_bytes(b"rows")
    (tmp_path / "owls" / "README.md").write_text("# owls")
    return tmp_path / "owls"


def command(hub, *words):
    settings = {"HF_ENDPOINT": hub.address, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1", "HF_TOKEN": "hf_x"}
    return subprocess.run(
        [sys.executable, "-m", "space", "deploy", *words],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.next_line("space/deploy.py run")
def test_all_three_repositories_are_made_private_and_point_at_each_other(dataset):
    with LoopbackHub() as hub:
        done = command(hub, "u/x", "--dataset", str(dataset))
    assert done.returncode == 0, done.stderr
    assert [(made.get("type"), made["visibility"]) for made in hub.created] == [
        ("model", "private"),
        ("dataset", "private"),
        ("space", "private"),
    ]
    space, model = hub.repos["spaces/u/x"], hub.repos["models/u/x"]
    assert {"app.py", "requirements.txt", "packages.txt", "space/parts/page.js", "base_model/model_index.json"} <= set(
        space
    )
    assert not any(name.startswith(("tests/", "benchmarks/")) for name in space)
    assert "model_index.json" in model
    assert "data/mini/train-00000-of-00001.parquet" in hub.repos["datasets/u/x"]
    facts = yaml.safe_load(space["README.md"].decode().split("---")[1])
    assert (facts["models"], facts["datasets"], facts["sdk"]) == (["u/x"], ["u/x"], "gradio")
    assert "next: open the Space u/x" in done.stdout
    assert "preload_from_hub" not in facts, "nothing private can be preloaded"
    assert hub.variables == {}


@pytest.mark.parametrize(("words", "base"), [([], "u/x"), (["--base", "other/base"], "other/base")])
def test_a_public_space_preloads_the_base_that_it_works_with(words, base):
    with LoopbackHub() as hub:
        done = command(hub, "u/x", "--public", *words)
    assert done.returncode == 0, done.stderr
    facts = yaml.safe_load(hub.repos["spaces/u/x"]["README.md"].decode().split("---")[1])
    assert facts["preload_from_hub"] == [base]
    assert set(facts["models"]) == {"u/x", base}
    assert hub.variables == {"SPACE_BASE": base}
    assert hub.created[-1]["visibility"] == "public"


def test_a_hub_that_refuses_is_one_line_and_code_5(dataset):
    with LoopbackHub(status=403) as hub:
        done = command(hub, "u/x", "--dataset", str(dataset))
    assert done.returncode == 5
    assert done.stderr.startswith("error: u/x was not deployed")


def test_wrong_names_and_empty_folders_are_refused(tmp_path):
    with pytest.raises(UsageProblem, match="USER/NAME"):
        make_plan("sounds", None, [])
    with pytest.raises(UsageProblem, match="no data"):
        make_plan("u/x", tmp_path, [])
    with pytest.raises(UsageProblem, match="no adapter"):
        make_plan("u/x", None, [tmp_path])


def test_the_front_matter_keeps_what_was_there_and_names_nothing_twice():
    readme = "---\ntitle: a\nmodels:\n- other/base\n---\n# text\n---\nmore\n"
    once = front_matter(readme, "u/x", True)
    assert front_matter(once, "u/x", True) == once
    assert yaml.safe_load(once.split("---")[1]) == {"title": "a", "models": ["other/base", "u/x"], "datasets": ["u/x"]}
    assert once.endswith("---\n# text\n---\nmore\n")


def test_the_readmes_own_front_matter_is_one_that_the_hub_takes():
    facts = yaml.safe_load((ROOT / "README.md").read_text(encoding="utf-8").split("---")[1])
    assert (facts["sdk"], str(facts["python_version"])) == ("gradio", "3.12")
    assert len(facts["short_description"]) <= 60
    assert set(facts["hf_oauth_scopes"]) <= {"read-repos", "write-repos", "manage-repos", "contribute-repos", "jobs"}
