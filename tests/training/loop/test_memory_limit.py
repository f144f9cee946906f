"""Out of memory is known as such wherever it is met, and what a run keeps to on a machine without a GPU."""

import mmap
import subprocess
import sys
import time

import pytest
import torch

from training import base as base_model
from training import rehearsal
from training.__main__ import build_parser
from training.flags import resolve, settings_of
from training.loop import memory_limit, optimizers
from training.loop.devices import usable_precision
from training.loop.memory_limit import is_out_of_memory
from training.measuring import EVERY_S, forget_peak, peak_bytes, resident_bytes
from training.method_table import carrier_of
from training.run import train

SD15_NAME = "stable-diffusion-v1-5/stable-diffusion-v1-5"

WITHOUT_ROOM = """
import resource, sys, torch
from training.loop.memory_limit import is_out_of_memory
resource.setrlimit(resource.RLIMIT_DATA, (2**31, 2**31))
try:
    torch.zeros(2**30)
except RuntimeError as error:
    sys.exit(0 if is_out_of_memory(error) else str(error))
sys.exit("there was room")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
def test_what_torch_says_without_room_on_a_cpu_is_out_of_memory():
    done = subprocess.run([sys.executable, "-c", WITHOUT_ROOM], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("error", "memory"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (RuntimeError("std::bad_alloc"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
    ],
)
def test_only_errors_of_memory_are_errors_of_memory(error, memory):
    assert is_out_of_memory(error) == memory


GIVEN = {
    "lora": {},
    "wide": {"targets": "wide"},
    "word": {"method": "textual_inversion"},
    "dreambooth": {"method": "dreambooth"},
    "dreambooth, all weights": {"method": "dreambooth", "dreambooth_trains": "full"},
    "full": {"method": "full"},
    "in float32": {"precision": "no", "half_base": True},
}
SIZES = {name: (0, 24) if "full" in values.values() else (0, 4, 6, 8, 12, 24) for name, values in GIVEN.items()}


@pytest.mark.parametrize(
    ("given", "vram"), [pytest.param(GIVEN[name], vram, id=f"{name} {vram}") for name in GIVEN for vram in SIZES[name]]
)
@pytest.mark.parametrize("has_8bit", [True, False])
def test_every_flag_that_is_advised_exists_and_changes_the_run_until_none_is_left(given, vram, has_8bit, monkeypatch):
    """Each advice is followed as it stands; at the end a smaller base is all that is left to advise."""
    monkeypatch.setattr(memory_limit, "find_spec", lambda name: has_8bit or None)
    told = [text for name, value in given.items() for text in as_flag(name, value)]
    told += ["--vram", str(vram)] if vram else []
    for _ in range(20):
        settings = parsed(told)
        advised = rehearsal.advice(settings).removeprefix("try ")
        assert memory_limit.in_stage(settings, "samples").remedy.startswith("try ")
        if advised == memory_limit.SMALLER_BASE:
            break
        command, _, installing = advised.partition(" (")
        assert bool(installing) == ("8bit" in command and not has_8bit)
        told += command.split()
        changed = parsed(told)
        assert changed != settings, advised
        assert carrier_of(settings.to_dict()).trains_all or "8bit" not in command
    assert advised == memory_limit.SMALLER_BASE


def as_flag(name, value):
    flag = f"--{name.replace('_', '-')}"
    return [flag] if value is True else [flag, str(value)]


def parsed(told):
    arguments = build_parser().parse_args(["owls", "--out", "runs/a", "--base", SD15_NAME, *told])
    return resolve(arguments, None, arguments.vram)


@pytest.mark.parametrize("given", [GIVEN["full"], GIVEN["dreambooth, all weights"]], ids=str)
def test_what_trains_every_weight_is_refused_a_small_gpu_and_never_advised_one(given):
    with pytest.raises(ValueError, match=r"--vram 12 with .*full .*se --\S+ lora"):
        settings_of({"base": SD15_NAME, **given}, 12)
    settings = settings_of({"base": SD15_NAME, **given}, 24)
    for problem in (memory_limit.in_stage(settings, "samples"), memory_limit.problem(settings, (4, 64, 64), 0)):
        assert "--vram" not in str(problem)
    assert "--vram" not in rehearsal.advice(settings)


def test_a_missing_optimizer_is_named_before_anything_is_loaded(owls, tiny_base, tmp_path, monkeypatch):
    monkeypatch.setattr(optimizers, "find_spec", lambda name: None)
    settings = settings_of({"base": str(tiny_base), "optimizer": "adamw_8bit"})
    with pytest.raises(ValueError, match=r"needs bitsandbytes.*lowmem.*use --optimizer adamw"):
        train(settings, owls, tmp_path / "runs" / "a")
    assert not (tmp_path / "runs" / ".cache").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="a machine without a GPU")
def test_without_a_gpu_the_small_format_is_bfloat16():
    small = settings_of({"base": SD15_NAME}, 4)
    assert small.precision == "fp16"
    assert usable_precision(small.precision) == "bf16"
    assert base_model.half_type(small, "cpu") == torch.bfloat16
    assert base_model.half_type(small, "cuda") == torch.float16


def test_what_is_taught_is_never_kept_in_half_precision():
    full = settings_of({"method": "full", "half_base": True})
    assert base_model.half_type(full, "cuda") is None
    carried = settings_of({"method": "dreambooth", "dreambooth_trains": "full", "half_base": True})
    assert base_model.half_type(carried, "cpu") is None


def test_a_unet_is_loaded_in_the_format_that_it_is_kept_in(tiny_base):
    parts = base_model.open_base(str(tiny_base))
    parts.load_unet(torch.bfloat16)
    assert {p.dtype for p in parts.unet.parameters()} == {torch.bfloat16}
    assert not any(p.requires_grad for p in parts.unet.parameters())


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/self/status")
def test_the_peak_is_what_was_held_at_most_even_for_a_moment():
    forget_peak()
    before = resident_bytes()
    # Fresh pages: what other tests freed may be kept by the allocator, and would be taken again.
    with mmap.mmap(-1, 2**26) as held:
        held.write(b"1" * 2**26)
        time.sleep(6 * EVERY_S)
    assert peak_bytes() - before >= 0.9 * 2**26
