"""A judge for the base model that shares no recording with it: trains sd-audio-cnn on all that the base never heard.

    python -m benchmarks.base_model.judge ../shared/data/esc10 … --work /tmp/judge [--out FOLDER]

The share of source recordings that taught the base is left out by the same hash that gave them to the base; composed
clips come from another seed. Of the rest 20 % of the recordings are held out again, for the figures in the card; those
that did teach the base are heard there as well, as folders named heard_….
"""

import argparse
import csv
from pathlib import Path

from benchmarks.base_model.clips import RECORDINGS_SHARE
from dataset_builder.soundscapes import composer
from dataset_builder.soundscapes.composer import EVERY_CLASS
from metrics.judge_training import train
from training.base_model.recordings import share_of

NAME = "sd-audio-base-judge-v1"
SEED, TEST_SEED = 900_003, 900_503


def split(folder, share, out, heard=False):
    """Write a metadata.csv into ``out`` of the folder's rows that the base has (not) heard; returns how many."""
    with open(folder / "metadata.csv", encoding="utf-8-sig", newline="") as table:
        rows = [row for row in csv.DictReader(table) if (share_of(row["source_id"]) < share) == heard]
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "metadata.csv", "w", encoding="utf-8", newline="") as table:
        writer = csv.DictWriter(table, rows[0])
        writer.writeheader()
        writer.writerows(row | {"file_name": str((folder / row["file_name"]).resolve())} for row in rows)
    return len(rows)


def compose(out, clips, seed):
    """A folder of composed clips of every class; one that is there is kept."""
    if not (out / "strong_labels.jsonl").exists():
        composer.write(out, clips, seed, EVERY_CLASS)
    return out


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.base_model.judge", description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, help="folders of recordings with metadata.csv")
    parser.add_argument("--work", type=Path, required=True, help="for the composed clips and the filtered tables")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/base_model/judge_weights"))
    parser.add_argument("--clips", type=int, default=3000)
    parser.add_argument("--steps", type=int, default=1300)
    arguments = parser.parse_args()
    real = [arguments.work / folder.name for folder in arguments.folders]
    for folder, filtered in zip(arguments.folders, real, strict=True):
        print(f"{folder}: {split(folder, RECORDINGS_SHARE, filtered)} clips that the base has not heard")
    known = [arguments.work / f"heard_{folder.name}" for folder in arguments.folders]
    for folder, filtered in zip(arguments.folders, known, strict=True):
        split(folder, RECORDINGS_SHARE, filtered, heard=True)
    composed = compose(arguments.work / "composed", arguments.clips, SEED)
    test = compose(arguments.work / "composed_test", 300, TEST_SEED)
    flags = [
        "--test",
        str(test),
        *map(str, known),
        "--out",
        str(arguments.out),
        "--name",
        NAME,
        "--steps",
        str(arguments.steps),
    ]
    return train.main([*map(str, real), str(composed), *flags])


if __name__ == "__main__":
    raise SystemExit(main())
