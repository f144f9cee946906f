"""The real Hub client commits an adapter with its card and samples to a Hub on loopback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.loopback_hub import LoopbackHub
from tests.model_card.test_adapter_card import RUN

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(tmp_path):
    """A finished run: what is published beside what stays."""
    folder = tmp_path / "owl"
    for name in ("samples/before-0.wav", "samples/after-0.wav", "checkpoints/step-000001/weights.safetensors", ".lock"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"1")
    rows = [{"prompt": "an owl", "seed": 0, "tag": t, "file": f"{t}-0.wav"} for t in ("before", "after")]
    (folder / "samples" / "samples.json").write_text(json.dumps(rows))
    (folder / "run.json").write_text(json.dumps(RUN))
    for name in ("pytorch_lora_weights.safetensors", "owl_kohya.safetensors"):
        (folder / name).write_bytes(b"weights")
    return folder


def push(hub, *arguments):
    # A process of its own: the client reads its address and mode when it is imported.
    environment = {**os.environ, "HF_ENDPOINT": hub.address, "HF_HUB_OFFLINE": "0", "HF_TOKEN": "hf_test"}
    line = [sys.executable, "-m", "model_card", "push", *map(str, arguments)]
    return subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


def test_weights_card_and_samples_go_and_checkpoints_stay(run):
    with LoopbackHub() as hub:
        done = push(hub, run, "u/owl")
        assert done.returncode == 0, done.stderr
        sent = set(hub.files) - {".gitattributes"}
    assert sent == {
        "README.md", "run.json", "pytorch_lora_weights.safetensors", "owl_kohya.safetensors", "samples/samples.json",
        "samples/before-0.wav", "samples/after-0.wav",
    }  # fmt: skip
    assert b"library_name: diffusers" in hub.files["README.md"]
    assert hub.created[0]["visibility"] == "private"


def test_a_hub_that_refuses_ends_with_5_and_what_to_do(run):
    with LoopbackHub(status=403) as hub:
        done = push(hub, run, "u/owl")
    assert done.returncode == 5, done.stderr
    assert "hf auth login" in done.stderr
    assert "hf_test" not in done.stderr
