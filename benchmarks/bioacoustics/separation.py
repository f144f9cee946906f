"""`python -m benchmarks.bioacoustics.separation ../shared/data --peer CHECKOUT`: SI-SDR gain, speed and memory.

48 scenes of birds and insects in rain and wind, 20 to -5 dB, both sides learned from the same recordings, of which
none is in a scene.  Without --peer ours alone.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.bioacoustics.separation_peer import Peer
from benchmarks.bioacoustics.stems import RATE_HZ, RATIOS_DB, Scene, read_mono, recordings, scenes
from bioacoustics.separation.masks import Settings, separated
from bioacoustics.separation.model import front_end, learn_source
from bioacoustics.separation.scores import si_sdr_db

FIGURES = Path(__file__).parents[2] / "docs" / "figures" / "bioacoustics"
LEARNED_S = 15.0
RESAMPLES = 2000
MINUTES = (6, 60)
# Runs in a process of its own, so that its peak is the separation's alone.
MEASURE = """
import resource, sys, time
from pathlib import Path
from bioacoustics.separation.masks import Settings
from bioacoustics.separation.model import SeparationModel
from bioacoustics.separation.stream import separate_file
model, started = SeparationModel.load(sys.argv[2]), time.perf_counter()
facts = separate_file(Path(sys.argv[1]), model, Settings(), Path(sys.argv[3]))
print(facts.seconds, time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--peer", type=Path, help="a checkout of soundscape_IR")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    learned = {
        name: [read_mono(p, LEARNED_S) for p in files] for name, files in recordings(options.data)["learn"].items()
    }
    made = scenes(options.data, options.seed)
    before = np.array([si_sdr_db(scene.mixture, scene.target) for scene in made])
    print(f"{len(made)} scenes, learning from { ({name: len(own) for name, own in learned.items()}) }", flush=True)
    result = {"scenes": len(made), "ours": table(made, *ours(learned, made), before)}
    print(json.dumps(result["ours"]), flush=True)
    if options.peer:
        readings, seconds = peers(learned, made, options.peer)
        best = max(readings, key=lambda name: np.mean(readings[name]))
        result["soundscape_IR"] = table(made, readings[best], seconds, before) | {"reading": best}
        difference = paired_difference(result["ours"]["after_db"], readings[best])
        result["difference_db"] = difference
        print(json.dumps(result["soundscape_IR"]), difference, flush=True)
    result["memory"] = memory(learned)
    FIGURES.mkdir(parents=True, exist_ok=True)
    (FIGURES / "separation.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def ours(learned: dict, made: list[Scene]) -> tuple[list[float], float]:
    """SI-SDR of every scene and the seconds of separating all, with the package's own defaults."""
    steady = ("rain", "wind")
    models = {name: learn_source(name, own, front_end(RATE_HZ), steady=name in steady) for name, own in learned.items()}
    started, after = time.process_time(), []
    for scene in made:
        model = models[scene.target_class].merged(models[scene.weather_class])
        after.append(
            si_sdr_db(separated(scene.mixture.astype(np.float32), model, Settings())[scene.target_class], scene.target)
        )
    return after, time.process_time() - started


def peers(learned: dict, made: list[Scene], checkout: Path) -> tuple[dict[str, list[float]], float]:
    peer = Peer(checkout, RATE_HZ)
    models = {name: peer.learn(own) for name, own in learned.items()}
    started, after = time.process_time(), defaultdict(list)
    for scene in made:
        model = peer.merged(models[scene.target_class], [models[scene.weather_class]])
        for reading, sound in peer.separate(scene.mixture, model).items():
            after[reading].append(si_sdr_db(sound, scene.target))
    return dict(after), time.process_time() - started


def table(made: list[Scene], after: list[float], seconds: float, before: np.ndarray) -> dict:
    """Mean gain in dB with its interval over scenes, by ratio and by kind, and CPU seconds a scene."""
    gain = np.array(after) - before
    by_ratio = {f"{ratio:g}": mean_of(gain, [scene.ratio_db == ratio for scene in made]) for ratio in RATIOS_DB}
    kinds = sorted({(scene.target_class, scene.weather_class) for scene in made})
    by_kind = {
        f"{one} in {other}": mean_of(gain, [(s.target_class, s.weather_class) == (one, other) for s in made])
        for one, other in kinds
    }
    low, high = interval(gain)
    return {
        "gain_db": round(float(gain.mean()), 2),
        "low": low,
        "high": high,
        "by_ratio_db": by_ratio,
        "by_kind": by_kind,
        "cpu_seconds_a_scene": round(seconds / len(made), 3),
        "after_db": [round(float(one), 3) for one in after],
    }


def paired_difference(own: list[float], theirs: list[float]) -> dict:
    """Our gain minus theirs, paired by scene."""
    difference = np.array(own) - np.array(theirs)
    low, high = interval(difference)
    return {"mean": round(float(difference.mean()), 2), "low": low, "high": high}


def mean_of(gain: np.ndarray, chosen: list[bool]) -> float:
    return round(float(gain[np.array(chosen)].mean()), 2)


def interval(values: np.ndarray) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    means = values[rng.integers(len(values), size=(RESAMPLES, len(values)))].mean(axis=1)
    return tuple(round(float(one), 2) for one in np.quantile(means, [0.025, 0.975]))


def memory(learned: dict) -> list[dict]:
    """Peak memory and speed of separating recordings of ``MINUTES``, each in a process of its own."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        model = learn_source("birds", learned["birds"][:5], front_end(RATE_HZ), iterations=20)
        model = model.merged(learn_source("rain", learned["rain"][:5], front_end(RATE_HZ), iterations=20, steady=True))
        model.save(Path(folder) / "model.safetensors")
        minute = np.resize(np.concatenate(learned["birds"][:5] + learned["rain"][:5]), 60 * RATE_HZ)
        for minutes in MINUTES:
            path = Path(folder) / f"{minutes}.wav"
            with soundfile.SoundFile(path, "w", RATE_HZ, 1) as file:
                for _ in range(minutes):
                    file.write(minute)
            command = [sys.executable, "-c", MEASURE, str(path), f"{folder}/model.safetensors", f"{folder}/out"]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            seconds, took, peak = map(float, done.stdout.split())
            rows.append({"minutes": minutes, "peak_mib": round(peak), "times_real_time": round(seconds / took, 1)})
            print(rows[-1], flush=True)
    return rows


if __name__ == "__main__":
    main()
