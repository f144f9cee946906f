"""`python -m benchmarks.bioacoustics.separation ../shared/data --peer CHECKOUT`: SI-SDR gain, speed and memory.

48 scenes of birds and insects in rain and wind, 20 to -5 dB.  Recordings are parted in three: both sides learn their
bases from the first part, choose one of four (the peer: six) ways on 24 scenes of the second, and are measured on the
third.  Without --peer ours alone; --only says which stage, so that a run can be done in pieces (--work keeps them).
"""

from __future__ import annotations

import argparse
import itertools
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
from spectrogram.files import json_file

FIGURES = Path(__file__).parents[2] / "docs" / "figures" / "bioacoustics"
LEARNED_S, LEARNED_FILES = 10.0, 8
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
    parser.add_argument("--work", type=Path, default=Path("runs/bioacoustics/separation"))
    parser.add_argument("--only", choices=("ours", "peer", "memory"))
    parser.add_argument("--piece", action="store_true", help="try one more setting and end")
    options = parser.parse_args(arguments)
    options.work.mkdir(parents=True, exist_ok=True)
    files = recordings(options.data)["learn"]
    learned = {name: [read_mono(p, LEARNED_S) for p in own[:LEARNED_FILES]] for name, own in files.items()}
    stages = {"ours": lambda: side(OursSide(learned), options)}
    if options.peer:
        stages["peer"] = lambda: side(PeerSide(learned, options.peer), options)
    stages["memory"] = lambda: memory(learned)
    found = {}
    for name, stage in stages.items():
        kept = options.work / f"{name}.json"
        if not kept.is_file() and options.only in (None, name) and (facts := stage()):
            json_file.write(kept, facts, indent=None)
        if kept.is_file():
            found[name] = json.loads(kept.read_text(encoding="utf-8"))
    if set(found) == set(stages):
        written(found, {name: len(own) for name, own in learned.items()})


def written(found: dict, learned: dict) -> None:
    """Print and store all figures, as differences and ratios to the peer where it ran."""
    result = {"scenes": len(found["ours"]["after_db"]), "recordings_learned": learned, "ours": found["ours"]}
    if "peer" in found:
        result["soundscape_IR"] = found["peer"]
        result["difference_db"] = paired_difference(found["ours"]["after_db"], found["peer"]["after_db"])
        ratio = found["peer"]["cpu_seconds_a_scene"] / found["ours"]["cpu_seconds_a_scene"]
        result["times_the_speed"] = round(ratio, 2)
    result["memory"] = found["memory"]
    FIGURES.mkdir(parents=True, exist_ok=True)
    json_file.write(FIGURES / "separation.json", result)
    for name, own in result.items():
        print(name, {k: v for k, v in own.items() if k != "after_db"} if isinstance(own, dict) else own)


class OursSide:
    """This package: iterations and the mask's exponent are chosen."""

    grid = tuple(itertools.product((24,), (15, 30), (1.0, 1.5)))

    def __init__(self, learned: dict) -> None:
        self.learned = learned
        self.models = {}

    def model(self, scene: Scene, bases: int):
        for name in (scene.target_class, scene.weather_class):
            if (name, bases) not in self.models:
                steady = name in ("rain", "wind")
                self.models[name, bases] = learn_source(
                    name, self.learned[name], front_end(RATE_HZ), bases, steady=steady
                )
        return self.models[scene.target_class, bases].merged(self.models[scene.weather_class, bases])

    def separate(self, scene: Scene, bases: int, iterations: int, exponent: float) -> dict[str, np.ndarray]:
        settings = Settings(iterations=iterations, exponent=exponent)
        mixture = scene.mixture.astype(np.float32)
        return {"": separated(mixture, self.model(scene, bases), settings)[scene.target_class]}


class PeerSide:
    """soundscape_IR: the length of its bases and how its mask is read (three ways) are chosen."""

    grid = tuple(itertools.product((24,), (1, 3)))

    def __init__(self, learned: dict, checkout: Path) -> None:
        self.learned, self.checkout, self.models = learned, checkout, {}

    def separate(self, scene: Scene, bases: int, length: int) -> dict[str, np.ndarray]:
        peer = Peer(self.checkout, RATE_HZ, bases, length)
        for name in (scene.target_class, scene.weather_class):
            key = name, bases, length
            if key not in self.models:
                self.models[key] = peer.learn(self.learned[name])
        first, other = (self.models[n, bases, length] for n in (scene.target_class, scene.weather_class))
        return peer.separate(scene.mixture, peer.merged(first, [other]))


def side(one: OursSide | PeerSide, options: argparse.Namespace) -> dict | None:
    """The settings that are best on the tuning part, and their figures on the test part; None after a piece of it."""
    tuning = scenes(options.data, "tune", options.seed + 1, each=1)
    kept = options.work / f"{type(one).__name__}.tuning.json"
    rows = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else []
    missing = [values for values in one.grid if list(values) not in [row["settings"] for row in rows]]
    for values in missing[:1] if options.piece else missing:
        after = defaultdict(list)
        for scene in tuning:
            for reading, sound in one.separate(scene, *values).items():
                after[reading].append(si_sdr_db(sound, scene.target) - si_sdr_db(scene.mixture, scene.target))
        rows += [{"settings": list(values), "reading": r, "gain_db": float(np.mean(g))} for r, g in after.items()]
        json_file.write(kept, rows, indent=None)
        print(type(one).__name__, values, {r: round(float(np.mean(g)), 2) for r, g in after.items()}, flush=True)
    if options.piece and missing:
        return None
    best = max(rows, key=lambda row: row["gain_db"])
    values, chosen = best["settings"], best["reading"]
    made = scenes(options.data, "test", options.seed)
    before = np.array([si_sdr_db(scene.mixture, scene.target) for scene in made])
    one.separate(made[0], *values)
    started, after = time.process_time(), []
    for scene in made:
        after.append(si_sdr_db(one.separate(scene, *values)[chosen], scene.target))
    facts = table(made, after, time.process_time() - started, before)
    return facts | {"settings": values, "reading": chosen, "tuning": rows}


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
