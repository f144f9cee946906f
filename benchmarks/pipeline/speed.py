"""Times and memory of one process each: import, load, first sound, a batch, and a minute against one window."""

import json
import subprocess
import sys
import time

PROGRAM = """
import json, resource, sys, time
start, spent = time.perf_counter(), time.process_time()
from spectrogram.models import load_pipeline
import spectrogram.pipeline
imported, spent = time.perf_counter(), time.process_time() - spent
pipeline = load_pipeline(json.loads(sys.argv[1])["base"], device="cpu")
pipeline.set_progress_bar_config(disable=True)
loaded = time.perf_counter()
asked = json.loads(sys.argv[1])
for key in ("first", "second"):
    begin, spent = time.perf_counter(), time.process_time()
    settings = {"seconds": asked["seconds"], "num_inference_steps": asked["steps"]}
    output = pipeline(["rain falling"] * asked["clips"], seed=1, **settings)
    asked |= {key + "_s": time.perf_counter() - begin, key + "_cpu_s": time.process_time() - spent}
    if asked["once"]:
        break
asked |= {"import_s": imported - start, "import_cpu_s": spent, "load_s": loaded - imported}
asked["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
asked["sound_s"] = output.audios.shape[-1] / output.sampling_rate * len(output.audios)
print(json.dumps(asked))
"""


def run(base, seconds: float | None = None, clips: int = 1, once: bool = True, steps: int | None = None) -> dict:
    """Figures of a fresh process that makes clips; `once` False makes them twice, the second time warm."""
    asked = {"base": base, "seconds": seconds, "clips": clips, "once": once, "steps": steps}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(asked, allow_nan=False)],
        capture_output=True,
        text=True,
        check=True,
        timeout=280,
    )
    return json.loads(done.stdout.splitlines()[-1])


def help_seconds() -> float:
    """The median of three `--help`."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "spectrogram", "--help"], capture_output=True, check=True, timeout=60)
        times.append(time.perf_counter() - began)
    return sorted(times)[1]


def measure(base=None) -> dict:
    """Wall clock, so to be run on a quiet machine, and CPU seconds of all threads, which hold on a busy one too.

    Memory is the whole process, libraries included; it does not depend on the number of steps.
    """
    one, four = run(base, once=False), run(base, clips=4)
    window, minute = run(base, steps=2), run(base, seconds=60, steps=2)
    return {
        "help_s": help_seconds(),
        "import_s": one["import_s"],
        "import_cpu_s": one["import_cpu_s"],
        "load_s": one["load_s"],
        "first_sound_s": one["first_s"],
        "first_sound_cpu_s": one["first_cpu_s"],
        "second_sound_s": one["second_s"],
        "second_sound_cpu_s": one["second_cpu_s"],
        "four_at_once_s": four["first_s"],
        "four_at_once_cpu_s": four["first_cpu_s"],
        "minute_sound_s": minute["sound_s"],
        "peak_mb_one_window": window["peak_mb"],
        "peak_mb_minute": minute["peak_mb"],
        "peak_ratio_minute": minute["peak_mb"] / window["peak_mb"],
    }
