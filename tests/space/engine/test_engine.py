"""The engine by itself: events, stopping, adapters, short memory, and ZeroGPU's rules."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from space.engine.engine import estimate_seconds
from space.jobs import Failed, Finished, Painted, Request, Step, Stopped

ROOT = Path(__file__).resolve().parents[3]


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


def test_memory_that_is_too_short_for_one_clip_is_said_with_a_remedy_and_the_next_request_works(
    run, engine, monkeypatch
):
    def no_memory(self, *given, **settings):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    with monkeypatch.context() as broken:
        broken.setattr(type(engine.pipeline.unet), "forward", no_memory)
        assert "choose a shorter length" in run(steps=2)[-1].reason
    assert isinstance(run(steps=1)[-1], Finished)


def test_the_time_asked_of_zerogpu_grows_with_the_work_and_stays_within_its_limits():
    stop = Path("stop")
    short, long = Request("a", steps=4), Request("a", steps=50, count=4, seconds=10)
    assert 10 <= estimate_seconds(short, stop) < estimate_seconds(long, stop) <= 120


def test_zerogpu_gets_one_decorated_generator_and_a_model_that_is_already_there(models, tmp_path):
    """On ZeroGPU's emulation `.to("cuda")` works without a GPU, and the decorated entry asks the scheduler."""
    program = f"""
import spaces
from pathlib import Path
from space.engine.engine import Engine
from space.jobs import Request
engine = Engine({str(models / "tiny-sd")!r}, {str(models / "runs")!r})
print("device", engine.pipeline.device.type)
print("decorated", hasattr(engine.work, "zerogpu"))
try:
    next(engine.work(Request("rain"), Path({str(tmp_path / "stop")!r})))
except Exception as error:
    print("asked", type(error).__module__.split(".")[0], type(error).__name__)
from space.store.clips import ClipStore
from space.interface import build_interface
from space.store.places import Places
places = Places({str(tmp_path / "runs")!r}, {str(tmp_path / "datasets")!r})
page = build_interface(engine, ClipStore({str(tmp_path / "clips")!r}), places)
buttons = [block for block in page.blocks.values() if "button" in block.get_block_name()]
offered = [str(button.value) for button in buttons if button.visible]
names = [name for name in offered if "Duplicate" in name]
print("page", ", ".join([*names, "no Train" if "Train" not in offered else "Train"]))
"""
    settings = {"SPACES_ZERO_GPU": "true", "SPACES_ZERO_DEVICE_API_URL": "http://127.0.0.1:9", "SPACE_ID": "ann/sounds"}
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
    assert "page Duplicate this Space, no Train" in done.stdout, done.stderr[-3000:]


def test_every_verb_reports_its_steps_and_stops(engine, tmp_path):
    sound = tmp_path / "tone.wav"
    soundfile.write(sound, 0.3 * np.sin(2 * np.pi * 700 * np.arange(2 * 24000) / 24000), 24000)
    requests = {
        "transform": ({"strength": 0.5}, str(sound), 2),
        "inpaint": ({"start_s": 0.5, "end_s": 1.5}, str(sound), 4),
        "extend": ({"seconds": 1.0}, str(sound), 4),
        "loop": ({"seam_s": 0.5}, str(sound), 4),
        "morph": ({"prompts": ["rain", "bell"], "steps": 2}, None, 8),
        "timeline": ({"events": [(0, 1, "rain"), (1, 2, "bell")]}, None, 4),
    }
    for verb, (options, source, total) in requests.items():
        request = Request("rain", steps=4, seed=1, verb=verb, sound=source, options=options)
        *events, last = engine.work(request, tmp_path / "never")
        steps = [event for event in events if isinstance(event, Step)]
        (tmp_path / "never").unlink()
        assert isinstance(last, Finished), last
        assert (steps[-1].done, steps[-1].total) == (total, total), verb
        (tmp_path / "stop").touch()
        assert isinstance(list(engine.work(request, tmp_path / "stop"))[-1], Stopped), verb


def test_each_clip_of_a_morph_can_be_heard_before_the_next_is_made(engine, tmp_path):
    options = {"prompts": ["rain", "bell"], "steps": 3, "respace": False}
    events = list(engine.work(Request("rain", steps=2, seed=1, verb="morph", options=options), tmp_path / "stop"))
    steps = [event.done if isinstance(event, Step) else type(event) for event in events]
    assert steps == [0, 1, 2, Painted, 3, 4, Painted, 5, 6, Painted, Finished]
    told = [event.clip.recipes[0].settings["share"] for event in events if isinstance(event, Painted)]
    assert told == [recipe.settings["share"] for recipe in events[-1].recipes] == [0, 0.5, 1]
    np.testing.assert_array_equal(events[3].clip.audios[0], events[-1].audios[0])


def test_a_preview_shows_the_unfinished_picture_and_costs_a_tenth_at_most(run, engine):
    previews = [step.preview for step in run(steps=30, seed=1)[:-1] if step.preview]
    assert previews
    assert {preview.size for preview in previews} == {(256, 128)}
    assert len(previews) < 30


def test_an_unknown_verb_is_never_called(run):
    assert "There is no verb" in run(verb="save_pretrained")[-1].reason
