"""Times and memory of one process each: import, load, first sound, a batch, and a minute against one window."""

import json
import subprocess
import sys

PROGRAM = """
import json, resource, sys, time
start = time.perf_counter()
from spectrogram.models import load_pipeline
import spectrogram.pipeline
imported = time.perf_counter()
pipeline = load_pipeline(json.loads(sys.argv[1])["base"], device="cpu")
pipeline.set_progress_bar_config(disable=True)
loaded = time.perf_counter()
asked = json.loads(sys.argv[1])
for key in ("first", "second"):
    begin = time.perf_counter()
    output = pipeline(["rain falling"] * asked["clips"], seed=1, seconds=asked["seconds"])
    asked[key + "_s"] = time.perf_counter() - begin
    if asked["once"]:
        break
asked |= {"import_s": imported - start, "load_s": loaded - imported}
asked["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
asked["sound_s"] = output.audios.shape[-1] / output.sampling_rate * len(output.audios)
print(json.dumps(asked))
"""


def run(base, seconds: float | None = None, clips: int = 1, once: bool = True) -> dict:
    """Figures of a fresh process that makes clips; `once` False makes them twice, the second time warm."""
    asked = {"base": base, "seconds": seconds, "clips": clips, "once": once}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(asked)], capture_output=True, text=True, check=True, timeout=280
    )
    return json.loads(done.stdout.splitlines()[-1])


def help_seconds() -> float:
    """The median of three `--help`."""
    import time

    times = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "spectrogram", "--help"], capture_output=True, check=True, timeout=60)
        times.append(time.perf_counter() - began)
    return sorted(times)[1]


def measure(base=None) -> dict:
    """Wall clock, so to be run on a quiet machine; memory is the whole process, libraries included."""
    one, four, minute = run(base, once=False), run(base, clips=4), run(base, seconds=60)
    return {
        "help_s": help_seconds(),
        "import_s": one["import_s"],
        "load_s": one["load_s"],
        "first_sound_s": one["first_s"],
        "second_sound_s": one["second_s"],
        "four_at_once_s": four["first_s"],
        "minute_s": minute["first_s"],
        "minute_sound_s": minute["sound_s"],
        "peak_mb_one_window": one["peak_mb"],
        "peak_mb_minute": minute["peak_mb"],
        "peak_ratio_minute": minute["peak_mb"] / one["peak_mb"],
    }
