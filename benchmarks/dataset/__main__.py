"""How many clips a second one core turns into rows, beside the way of a 2023 dissertation on the same files.

    python -m benchmarks.dataset ../shared/data --clips 120

The baseline does what that project did, one file after the other: librosa loads and resamples, torchaudio makes a
17,640-point spectrogram of 512 mel bands, the fourth root of it is a PNG, the sound is written again as WAV.  All ways
read the same files in alternation; figures are CPU seconds of this process, so other work on the machine counts little.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import multiprocessing
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from dataset_builder.build import Settings, build
from dataset_builder.intake.entries import Entry
from dataset_builder.making.clip import CutPolicy, Dropped
from dataset_builder.making.piece import Recipe, rows_of
from spectrogram.codec import SpectrogramCodec
from spectrogram.files import json_file
from spectrogram.params import SpectrogramParams

RATE_HZ = 44_100
AUDIOSET_CLIPS = 2_084_320
CORE_HOUR, GB_MONTH = 0.05, 0.02


def real_entries(root: Path) -> list[Entry]:
    """All recordings below ``root`` that have a metadata.csv."""
    found = []
    for table in sorted(root.glob("*/metadata.csv")):
        with open(table, encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                if "caption" in row:
                    path = table.parent / row["file_name"]
                    name = f"{table.parent.name}/{row['file_name']}"
                    label, recording = row.get("label", ""), row.get("source_id") or name
                    found.append(Entry(name, str(path), (row["caption"],), label=label, recording=recording))
    return found


class Baseline:
    """librosa + torchaudio + Pillow, the parameters of riffusion, one clip at a time."""

    def __init__(self) -> None:
        import torchaudio

        self.spectrogram = torchaudio.transforms.Spectrogram(17_640, 4_410, 441, power=None)
        self.mel = torchaudio.transforms.MelScale(512, RATE_HZ, 0, 10_000, 8_821, norm=None, mel_scale="htk")

    def row(self, path: str) -> int:
        """Bytes of PNG and WAV of the first 5.12 s of a file."""
        import librosa
        import soundfile
        import torch
        from PIL import Image

        audio, _ = librosa.load(path, sr=RATE_HZ, mono=True, duration=5.12)
        audio = np.pad(audio, (0, round(5.12 * RATE_HZ) - len(audio))) if len(audio) < 5.12 * RATE_HZ else audio
        amplitudes = self.mel(self.spectrogram(torch.from_numpy(audio)).abs()).numpy() ** 0.25
        pixels = 255 - np.clip(amplitudes / max(amplitudes.max(), 1e-9) * 255, 0, 255).astype(np.uint8)
        png, wav = io.BytesIO(), io.BytesIO()
        Image.fromarray(np.repeat(pixels[::-1, :512, None], 3, axis=2)).save(png, "PNG")
        soundfile.write(wav, audio, RATE_HZ, format="WAV")
        return len(png.getvalue()) + len(wav.getvalue())


def side_by_side(entries: list[Entry], presets: list[str]) -> tuple[dict[str, float], dict[str, float]]:
    """CPU milliseconds a clip of the baseline and of every preset, the files in alternation; bytes a row of ours."""
    ours = {name: Recipe(SpectrogramParams.preset(name), CutPolicy(keep_silent=True, shortest_s=0)) for name in presets}
    codecs = {name: SpectrogramCodec(recipe.params) for name, recipe in ours.items()}
    baseline, spent, sizes = Baseline(), dict.fromkeys(["baseline", *presets], 0.0), dict.fromkeys(presets, 0.0)
    for number, entry in enumerate([entries[0], *entries]):
        for name in spent:
            begin = time.process_time()
            if name == "baseline":
                baseline.row(entry.path)
            else:
                for row in rows_of(entry, ours[name], codecs[name]):
                    assert not isinstance(row, Dropped), row
                    media = len(row["image"]["bytes"]) + len(row["audio"]["bytes"])
                    sizes[name] += media / len(entries) if number else 0.0
            # The first clip warms libraries up and is not counted.
            spent[name] += (time.process_time() - begin) if number else 0.0
    return {name: 1000 * seconds / len(entries) for name, seconds in spent.items()}, sizes


def beside_former(checkout: Path, recordings: Path, clips: int, presets: list[str], rounds: int = 3) -> dict:
    """Least CPU milliseconds a clip of a former checkout's code and of this one, in alternation, each in a process."""
    here, spent = Path(__file__).resolve().parents[2], {}
    for _ in range(rounds):
        for name, folder in (("former", checkout), ("now", here)):
            words = [sys.executable, "-c", ROWS_ALONE, str(recordings), str(clips), *presets]
            done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True, timeout=900)
            for preset, cost in json.loads(done.stdout.splitlines()[-1]).items():
                before = spent.setdefault(preset, {}).get(name, cost)
                spent[preset][name] = min(before, cost)
    return {preset: {**costs, "ratio": costs["former"] / costs["now"]} for preset, costs in spent.items()}


# What both checkouts run, each with its own modules: the folder that a process is in comes first.
ROWS_ALONE = """
import csv, json, random, sys, time
from pathlib import Path
sys.path.insert(0, "")
from dataset_builder.intake.entries import Entry
from dataset_builder.making.clip import CutPolicy
from dataset_builder.making.piece import Recipe, rows_of
from spectrogram.codec import SpectrogramCodec
from spectrogram.params import SpectrogramParams

root, clips, presets = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
entries = []
for table in sorted(root.glob("*/metadata.csv")):
    with open(table, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if "caption" in row:
                entries.append(Entry(f"{table.parent.name}/{row['file_name']}", str(table.parent / row["file_name"]),
                                     (row["caption"],)))
random.Random(0).shuffle(entries)
entries, costs = entries[:clips], {}
for preset in presets:
    params = SpectrogramParams.preset(preset)
    recipe, codec = Recipe(params, CutPolicy(keep_silent=True, shortest_s=0)), SpectrogramCodec(params)
    list(rows_of(entries[0], recipe, codec))
    begin = time.process_time()
    for entry in entries:
        list(rows_of(entry, recipe, codec))
    costs[preset] = 1000 * (time.process_time() - begin) / len(entries)
print(json.dumps(costs))
"""


def plan(costs: dict[str, float], sizes: dict[str, float]) -> dict:
    """What AudioSet's clips would take at these costs, by preset."""
    found = {}
    for name, size in sizes.items():
        hours, terabytes = AUDIOSET_CLIPS * costs[name] / 3.6e6, AUDIOSET_CLIPS * size / 1e12
        found[name] = {
            "megabytes_a_row": size / 1e6,
            "core_hours": hours,
            "minutes_with_64_cores": 60 * hours / 64,
            "terabytes": terabytes,
            "dollars": hours * CORE_HOUR,
            "dollars_a_month": 1000 * terabytes * GB_MONTH,
        }
    return {"clips": AUDIOSET_CLIPS, "core_hour": CORE_HOUR, "gigabyte_month": GB_MONTH, "presets": found}


def scaling(entries: list[Entry], preset: str, rounds: int) -> dict[int, tuple[float, ...]]:
    """Least seconds (pieces, whole build, CPU of the busiest process) with one process and two, in ``rounds`` turns.

    Each build is a process of its own that starts cold, as a command does.  The CPU time of the busiest process, start
    included, is what the pieces take when every process has a core for itself: other work on the machine does not
    disturb it as it does the first two.
    """
    spent: dict[int, list[tuple[float, ...]]] = {1: [], 2: []}
    for _ in range(rounds):
        for workers in spent:
            spent[workers].append(alone(timed, entries, preset, workers))
    return {workers: tuple(min(column) for column in zip(*times, strict=True)) for workers, times in spent.items()}


def timed(entries: list[Entry], preset: str, workers: int) -> tuple[float, float, float]:
    """Wall seconds until all pieces are there and until all is published, CPU seconds of the busiest process."""
    moments, cpu = [time.monotonic()], [time.process_time()]

    def report(done: int, total: int) -> None:
        if done == total and len(moments) == 1:
            moments.append(time.monotonic())
            cpu.append(time.process_time())

    with tempfile.TemporaryDirectory() as folder:
        build(entries, Path(folder) / "set", Settings(presets=(preset,), workers=workers), report)
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    busiest = max(cpu[1] - cpu[0], (others.ru_utime + others.ru_stime) / max(1, workers - 1))
    return moments[1] - moments[0], time.monotonic() - moments[0], busiest


def alone(measure, *arguments):
    """What ``measure`` returns in a fresh process."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(measure, *arguments).result()


def peak_mb(entries: list[Entry]) -> float:
    """Largest resident memory of a build, by the kernel's own high-water mark (getrusage counts the parent's too)."""
    with tempfile.TemporaryDirectory() as folder:
        build(entries, Path(folder) / "set", Settings(workers=1))
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def account(entries: list[Entry]) -> dict:
    """How many of the given recordings are kept and why the others are not."""
    with tempfile.TemporaryDirectory() as folder:
        (outcome,) = build(entries, Path(folder) / "set", Settings(workers=2)).values()
    lost = len(entries) - outcome.kept - len(outcome.drops)
    return {"given": len(entries), "sentence": outcome.sentence(), "lost": lost}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path)
    parser.add_argument("--clips", type=int, default=120)
    parser.add_argument("--presets", default="mini,sd15")
    parser.add_argument("--whole", action="store_true", help="also build all clips: reasons and memory")
    parser.add_argument("--rounds", type=int, default=0, help="also measure two processes, best of so many builds")
    parser.add_argument("--former", type=Path, metavar="CHECKOUT", help="also measure the code of a former commit")
    parser.add_argument("--former-commit", default="not stated", help="what it is called")
    parser.add_argument("--json", type=Path, help="write the figures here; parts measured before are kept")
    options = parser.parse_args()
    entries = real_entries(options.recordings)
    random.Random(0).shuffle(entries)
    presets = options.presets.split(",")
    costs, sizes = side_by_side(entries[: options.clips], presets)
    figures = {"clips": min(options.clips, len(entries)), "cpu_ms": costs, "audioset": plan(costs, sizes)}
    if options.whole:
        few = entries[: len(entries) // 4]
        peaks = {str(len(part)): alone(peak_mb, part) for part in (few, entries)}
        figures["whole"] = {**account(entries), "peak_mb": peaks}
    if options.former:
        figures["former"] = {"commit": options.former_commit}
        figures["former"] |= beside_former(options.former, options.recordings.resolve(), options.clips, presets)
    if options.rounds:
        stages = ("pieces", "whole", "busiest_cpu")
        figures["seconds"] = {}
        for preset in presets:
            times = scaling(entries, preset, options.rounds)
            figures["seconds"][preset] = {
                stage: {"one": times[1][part], "two": times[2][part]} for part, stage in enumerate(stages)
            }
    print(json.dumps(figures, indent=1, allow_nan=False))
    if options.json:
        kept = json.loads(options.json.read_text(encoding="utf-8")) if options.json.is_file() else {}
        json_file.write(options.json, kept | figures)


if __name__ == "__main__":
    sys.exit(main())
