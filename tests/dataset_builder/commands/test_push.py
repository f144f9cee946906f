"""The real Hub client commits a dataset to a Hub on loopback, and old shards leave in the same commit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dataset_builder.build import Settings, build
from dataset_builder.intake.captions import read_entries
from tests.loopback_hub import LoopbackHub

ROOT = Path(__file__).resolve().parents[3]


def push(hub, *arguments, token="hf_test"):
    # A process of its own: the client reads its address and mode when it is imported.
    environment = {**os.environ, "HF_ENDPOINT": hub.address, "HF_HUB_OFFLINE": "0", "HF_TOKEN": token}
    environment["HF_HUB_DISABLE_XET"] = "1"
    line = [sys.executable, "-m", "dataset_builder", "push", *map(str, arguments)]
    return subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture
def dataset(folder, tmp_path):
    build(read_entries(folder), tmp_path / "set", Settings())
    return tmp_path / "set"


def test_a_dataset_is_committed_whole_and_private_and_old_shards_go(dataset):
    with LoopbackHub() as hub:
        hub.files["data/mini/train-00000-of-00009.parquet"] = b"old"
        done = push(hub, dataset, "u/x")
        assert done.returncode == 0, done.stderr
        assert "next: load_dataset('u/x')" in done.stdout
        assert hub.created[0]["visibility"] == "private"
        ours = {str(path.relative_to(dataset)): path.read_bytes() for path in dataset.rglob("*") if path.is_file()}
        assert {name: data for name, data in hub.files.items() if name != ".gitattributes"} == ours


def test_a_hub_that_refuses_ends_with_5_and_what_to_do(dataset):
    with LoopbackHub(status=403) as hub:
        done = push(hub, dataset, "u/x")
    assert done.returncode == 5, done.stderr
    assert "hf auth login" in done.stderr
    assert "hf_test" not in done.stderr


def test_a_name_that_is_none_is_a_usage_error(dataset):
    with LoopbackHub() as hub:
        assert push(hub, dataset, "a/b/c").returncode == 2
