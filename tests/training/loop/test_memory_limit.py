"""Out of memory is known as such wherever it is met, and what a run keeps to on a machine without a GPU."""

import mmap
import subprocess
import sys
import time

import pytest
import torch

from training import base as base_model
from training.flags import settings_of
from training.loop.devices import usable_precision
from training.loop.memory_limit import is_out_of_memory
from training.measuring import EVERY_S, forget_peak, peak_bytes, resident_bytes

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


@pytest.mark.skipif(torch.cuda.is_available(), reason="a machine without a GPU")
def test_without_a_gpu_the_small_format_is_bfloat16():
    small = settings_of({"base": "stable-diffusion-v1-5/stable-diffusion-v1-5"}, 4)
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
