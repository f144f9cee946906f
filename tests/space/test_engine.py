"""The engine by itself: events, stopping, adapters, short memory, and ZeroGPU's rules."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from space.engine import estimate_seconds
from space.jobs import Failed, Finished, Request, Stopped

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(engine, tmp_path):
    def events(**settings):
        (tmp_path / "stop").unlink(missing_ok=True)
        return list(engine.work(Request("rain", **settings), tmp_path / "stop"))

    return events


def test_each_step_is_told_and_the_last_event_is_the_result(run):
    *steps, last = run(steps=3, seed=1, count=2)
    assert [(step.done, step.total) for step in steps] == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert steps[1].seconds_left > steps[2].seconds_left > steps[3].seconds_left == 0
    assert isinstance(last, Finished)
    assert last.audios.shape[0] == len(last.images) == len(last.recipes) == 2


def test_the_engine_makes_what_the_pipeline_makes(run, engine):
    made = run(steps=2, seed=3)[-1]
    direct = engine.pipeline("rain", seed=3, num_inference_steps=2)
    np.testing.assert_array_equal(made.audios, direct.audios)


def test_the_stop_file_ends_the_work_within_a_step(engine, tmp_path):
    work = engine.work(Request("rain", steps=50), tmp_path / "stop")
    seen = [next(work), next(work)]
    (tmp_path / "stop").touch()
    rest = list(work)
    assert isinstance(rest[-1], Stopped)
    assert rest[-1].done <= seen[-1].done + len(rest)
    assert rest[-1].done < 50


def test_a_listener_who_leaves_stops_the_work(engine, tmp_path):
    work = engine.work(Request("rain", steps=50), tmp_path / "stop")
    next(work)
    work.close()
    assert (tmp_path / "stop").exists()


def test_adapters_are_found_used_and_put_away(run, engine):
    assert engine.adapters() == ["rain"]
    plain = run(steps=2, seed=1)[-1]
    adapted = run(steps=2, seed=1, adapter="rain")[-1]
    again = run(steps=2, seed=1)[-1]
    assert adapted.recipes[0].adapter == "rain"
    assert np.abs(plain.audios - adapted.audios).max() > 0
    np.testing.assert_array_equal(plain.audios, again.audios)


@pytest.mark.parametrize("name", ["nothing", "../tiny-sd", "/etc"])
def test_an_adapter_outside_the_folder_is_refused(run, name):
    assert isinstance(run(adapter=name)[-1], Failed)


def test_a_broken_adapter_is_refused_and_the_next_request_works(run, models):
    broken = models / "runs" / "broken"
    broken.mkdir()
    (broken / "pytorch_lora_weights.safetensors").write_bytes(b"\x80\x04 not tensors")
    try:
        failed = run(adapter="broken", steps=1)[-1]
        assert isinstance(failed, Failed)
        assert "pickle" in failed.reason
        assert isinstance(run(steps=1)[-1], Finished)
    finally:
        (broken / "pytorch_lora_weights.safetensors").unlink()
        broken.rmdir()


def test_short_memory_halves_the_batch_and_says_so(run, engine, monkeypatch):
    unet = engine.pipeline.unet
    forward = type(unet).forward

    def small_memory(self, sample, *others, **settings):
        if sample.shape[0] > 2:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return forward(self, sample, *others, **settings)

    expected = run(steps=2, seed=5, count=3)[-1]
    monkeypatch.setattr(type(unet), "forward", small_memory)
    *steps, last = run(steps=2, seed=5, count=3)
    assert [recipe.seed for recipe in last.recipes] == [5, 6, 7]
    assert "one after the other" in last.notes[0]
    assert steps[-1].done == steps[-1].total == 6
    pairs = zip(last.images, expected.images, strict=True)
    assert all(np.abs(np.asarray(one, dtype=int) - np.asarray(other, dtype=int)).max() <= 1 for one, other in pairs)


def test_the_time_asked_of_zerogpu_grows_with_the_work_and_stays_within_its_limits():
    stop = Path("stop")
    short, long = Request("a", steps=4), Request("a", steps=50, count=4, seconds=10)
    assert 10 <= estimate_seconds(short, stop) < estimate_seconds(long, stop) <= 120


def test_zerogpu_gets_one_decorated_generator_and_a_model_that_is_already_there(models, tmp_path):
    """On ZeroGPU's emulation `.to("cuda")` works without a GPU, and the decorated entry asks the scheduler."""
    program = f"""
import spaces
from pathlib import Path
from space.engine import Engine
from space.jobs import Request
engine = Engine({str(models / "tiny-sd")!r}, {str(models / "runs")!r})
print("device", engine.pipeline.device.type)
print("decorated", hasattr(engine.work, "zerogpu"))
try:
    next(engine.work(Request("rain"), Path({str(tmp_path / "stop")!r})))
except Exception as error:
    print("asked", type(error).__module__.split(".")[0], type(error).__name__)
"""
    settings = {"SPACES_ZERO_GPU": "true", "SPACES_ZERO_DEVICE_API_URL": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.stdout.splitlines()[:2] == ["device cuda", "decorated True"], done.stderr[-3000:]
    assert "asked httpx ConnectError" in done.stdout
