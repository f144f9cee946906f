"""kill -9 at random moments of a training: the resumed losses against those of an unbroken run, bit for bit.

    python -m benchmarks.training.kills [--kills 10] --json FILE

The run is a program of its own; it is killed after a random time since its start or its resume, saving and caching
included, and started again with the same command, until it ends by itself.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from safetensors.torch import load_file

from benchmarks.training.methods import build_dataset
from spectrogram.files import json_file
from training.record.events import mend
from training.record.run_file import read_events as read

SETTINGS = ["--steps", "120", "--batch", "4", "--samples", "0", "--checkpoint-every", "2", "--validate-every", "60",
            "--warmup-steps", "4", "--tracker", "none"]  # fmt: skip


def start(dataset, folder, base):
    line = [sys.executable, "-m", "training", str(dataset), "--out", str(folder), *SETTINGS]
    line += ["--base", str(base)] if base else []
    return subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def losses(folder):
    """{step: loss as it is written}, the last word on each step, and whether every repeated step repeated itself."""
    path, found, alike = folder / "events.jsonl", {}, True
    if not path.exists():
        return found, alike
    mend(path)
    for event in read(path):
        if event["event"] == "step":
            alike &= found.get(event["step"], event["loss"]) == event["loss"]
            found[event["step"]] = event["loss"]
    return found, alike


def kill_at_random(dataset, folder, base, kills, seed):
    """Rows of the kills: seconds after the start and the step that the log had reached."""
    rng, rows = random.Random(seed), []
    while True:
        before, process = max(losses(folder)[0], default=0), start(dataset, folder, base)
        seconds, grown = rng.uniform(0.5, 3.0), None
        if len(rows) < kills:
            # Most kills wait for training to go on; every fifth falls anywhere, also into start and cache.
            deadline = time.monotonic() + 120
            while len(rows) % 5 and process.poll() is None and time.monotonic() < deadline:
                if max(losses_quick(folder), default=0) > before:
                    grown, seconds = True, rng.uniform(0.0, 1.0)
                    break
                time.sleep(0.05)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                rows.append(
                    {
                        "after_seconds": round(seconds, 2),
                        "training": bool(grown),
                        "step": max(losses(folder)[0], default=0),
                    }
                )
                continue
        _, error = process.communicate()
        if process.returncode:
            raise SystemExit(f"the run ended with {process.returncode}: {error.decode()[-2000:]}")
        return rows


def losses_quick(folder):
    """Steps in the log as it is now, without mending a log that is being written."""
    path = folder / "events.jsonl"
    return [e["step"] for e in read(path) if e["event"] == "step"] if path.exists() else []


def report(arguments):
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        dataset = build_dataset(place, "owl", 16)
        whole = start(dataset, place / "whole", arguments.base)
        whole.communicate()
        rows = kill_at_random(dataset, place / "killed", arguments.base, arguments.kills, arguments.seed)
        (a, _), (b, alike) = losses(place / "whole"), losses(place / "killed")
        files = [load_file(place / name / "pytorch_lora_weights.safetensors") for name in ("whole", "killed")]
        same = all((files[0][key] == files[1][key]).all() for key in files[0])
    return {
        "kills": rows,
        "steps": len(a),
        "losses_bit_equal": a == b and alike,
        "adapters_bit_equal": bool(same),
        "different_steps": [step for step in a if a[step] != b.get(step)],
    }


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training.kills", description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--base", type=Path, help="another base than the embedded one")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    result = report(arguments)
    for row in result["kills"]:
        where = "after training went on" if row["training"] else "after the start"
        print(f"killed {row['after_seconds']} s {where}, log at step {row['step']}")
    print(f"{len(result['kills'])} kills, {result['steps']} steps: losses bit-equal {result['losses_bit_equal']}, "
          f"adapters bit-equal {result['adapters_bit_equal']}")  # fmt: skip
    if arguments.json:
        json_file.write(arguments.json, result)


if __name__ == "__main__":
    main()
