"""How many clips a second one core turns into rows, beside the way of a 2023 dissertation on the same files.

    python -m benchmarks.dataset_builder ../shared/data --clips 120

The baseline does what that project did, one file after the other: librosa loads and resamples, torchaudio makes a
17,640-point spectrogram of 512 mel bands, the fourth root of it is a PNG, the sound is written again as WAV.  All ways
read the same files in alternation; figures are CPU seconds of this process, so other work on the machine counts little.
"""

from __future__ import annotations

import argparse
import csv
import io
import multiprocessing
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from dataset_builder.build import Settings, build
from dataset_builder.clips import CutPolicy, Dropped
from dataset_builder.entries import Entry
from dataset_builder.pieces import Recipe, rows_of
from spectrogram.codec import SpectrogramCodec
from spectrogram.params import SpectrogramParams

RATE_HZ = 44_100


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


def side_by_side(entries: list[Entry], presets: list[str]) -> dict[str, float]:
    """CPU milliseconds a clip of the baseline and of every preset, the files in alternation."""
    ours = {name: Recipe(SpectrogramParams.preset(name), CutPolicy(keep_silent=True, shortest_s=0)) for name in presets}
    codecs = {name: SpectrogramCodec(recipe.params) for name, recipe in ours.items()}
    baseline, spent = Baseline(), dict.fromkeys(["baseline", *presets], 0.0)
    for number, entry in enumerate([entries[0], *entries]):
        for name in spent:
            begin = time.process_time()
            if name == "baseline":
                baseline.row(entry.path)
            else:
                for row in rows_of(entry, ours[name], codecs[name]):
                    assert not isinstance(row, Dropped), row
            # The first clip warms libraries up and is not counted.
            spent[name] += (time.process_time() - begin) if number else 0.0
    return {name: 1000 * seconds / len(entries) for name, seconds in spent.items()}


def scaling(entries: list[Entry], workers: int) -> tuple[float, float]:
    """Wall seconds to build with one process and with ``workers``."""
    times = []
    for count in (1, workers):
        with tempfile.TemporaryDirectory() as folder:
            begin = time.monotonic()
            build(entries, Path(folder) / "set", Settings(workers=count))
            times.append(time.monotonic() - begin)
    return times[0], times[1]


def memory(entries: list[Entry]) -> tuple[float, float]:
    """Peak resident megabytes of processes of their own that build a quarter of the clips, and all of them."""
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        quarter, whole = pool.map(peak_mb, [entries[: len(entries) // 4], entries], chunksize=1)
    return quarter, whole


def peak_mb(entries: list[Entry]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        build(entries, Path(folder) / "set", Settings(workers=1))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path)
    parser.add_argument("--clips", type=int, default=120)
    parser.add_argument("--presets", default="mini,sd15")
    parser.add_argument("--whole", action="store_true", help="also build all clips: reasons, scaling, memory")
    options = parser.parse_args()
    entries = real_entries(options.recordings)
    random.Random(0).shuffle(entries)
    costs = side_by_side(entries[: options.clips], options.presets.split(","))
    print("| way | CPU ms a clip | clips a second and core | times the baseline |\n|---|---|---|---|")
    for name, cost in costs.items():
        print(f"| {name} | {cost:.1f} | {1000 / cost:.1f} | {costs['baseline'] / cost:.1f} |")
    if options.whole:
        small, large = memory(entries)
        print(f"peak memory: {small:.0f} MB after {len(entries) // 4} clips, {large:.0f} MB after {len(entries)}")
        one, two = scaling(entries, 2)
        print(f"{len(entries)} clips: {one:.1f} s with one process, {two:.1f} s with two, {one / two:.2f} times faster")


if __name__ == "__main__":
    sys.exit(main())
