"""Find the spectrogram that tells your classes apart best: mel, linear, log and PCEN, short and long windows.

choose SET --out choice.json
"""

from __future__ import annotations

import argparse
from pathlib import Path

from dataset_builder.commands.build import progress
from spectrogram.exits import ended
from spectrogram.files import json_file
from spectrogram.problems import UsageProblem


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        "python -m bioacoustics choose", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = made.add_argument
    add("set", type=Path, metavar="SET", help="a labelled table or folder, as the dataset builder reads it")
    add("--out", type=Path, metavar="FILE", help="all results as JSON")
    add("--scales", default="mel,linear,log,pcen", help="some of mel, linear, log, pcen (default all)")
    add("--windows", default="16/8,32/16,64/16", metavar="MS/MS", help="windows and hops (default 16/8,32/16,64/16)")
    add("--rate", type=int, default=32_000, metavar="HZ", help="rate of the sounds (default 32000)")
    add("--bands", type=int, default=64, help="bands (default 64)")
    add("--seconds", type=float, default=5.0, help="length of a clip (default 5)")
    add("--folds", type=int, default=5, help="folds by recording (default 5)")
    add("--seed", type=int, default=0)
    return made


def main(argv: list[str]) -> int:
    options = parser().parse_args(argv)
    return ended(lambda: run(options))


def run(options: argparse.Namespace) -> int:
    from bioacoustics.pictures.choice import SCALES, candidates, probe

    scales = tuple(name for name in options.scales.split(",") if name)
    if not scales or set(scales) - set(SCALES):
        raise UsageProblem(f"--scales {options.scales}", f"some of {', '.join(SCALES)}", "correct it")
    tried = candidates(scales, windows_of(options.windows), options.rate, options.bands)
    with progress(len(tried), "pictures") as report:
        table = probe(options.set, tried, options.seconds, options.folds, options.seed, report)
    for row in table:
        mark = "*" if row["as good"] else " "
        print(f"{mark} {row['picture']:<34} mAP {row['map']:.3f} ({row['low']:.3f} to {row['high']:.3f})")
    print("* the best, and all that may be as good (95 %, paired by recording)")
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        json_file.write(options.out, table)
    return 0


def windows_of(text: str) -> list[tuple[float, float]]:
    try:
        pairs = [tuple(float(part) for part in one.split("/")) for one in text.split(",") if one]
        if pairs and all(len(pair) == 2 and 0 < pair[1] <= pair[0] for pair in pairs):
            return pairs
    except ValueError:
        pass
    raise UsageProblem(f"--windows {text}", "pairs of window/hop in ms such as 32/16", "correct it")
