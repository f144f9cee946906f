"""``python -m dataset_builder export DATASET --split test --out reference``: a split's clips as files.

They are there to be heard and measured. The folder gets one sound a clip (``NAME.flac``), its picture with
``--pictures``, and ``metadata.csv``. Sounds that ``python -m spectrogram generate --prompts reference/metadata.csv
--out outputs`` makes have the same names, so that ``python -m metrics outputs reference`` pairs them.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from dataset_builder.commands.arguments import add_dataset, command, parser_for
from dataset_builder.exits import ended
from spectrogram.files.dataset_folder import SPLITS, configs, rows, shards, split_of
from spectrogram.files.names import checked_name
from spectrogram.problems import Problem, UsageProblem

COLUMNS = ("file_name", "caption", "label", "licence", "source", "attribution")
TABLE = "metadata.csv"


def parser() -> argparse.ArgumentParser:
    made = parser_for("export", __doc__)
    add_dataset(made)
    made.add_argument("--split", default="test", help=f"{', '.join(SPLITS)} or another that it has (default: test)")
    made.add_argument("--out", type=Path, required=True, help="folder, new or empty or an earlier export")
    made.add_argument("--pictures", action="store_true", help="also write each clip's picture")
    return made


def main(argv: list[str]) -> int:
    options = parser().parse_args(argv)
    return ended(lambda: run(options))


def run(options: argparse.Namespace) -> int:
    """Write the files of one split; exit code 0."""
    names = export(options.dataset, options.split, options.out, options.pictures)
    print(f"{len(names)} clips of {options.split} in {options.out}")
    print("next: " + command("spectrogram", "generate", "--prompts", options.out / TABLE, "--out", "outputs"))
    return 0


def export(dataset: Path, split: str, out: Path, pictures: bool = False) -> list[str]:
    """The clips of a split as files.

    Args:
        dataset: A dataset folder of this project.
        split: Which of its splits.
        out: Where to; other files in it are a reason to refuse.
        pictures: Also write NAME.png.

    Returns:
        The names of the clips, without ending, in the dataset's order.

    Raises:
        Problem: No such dataset or split, a clip without sound, or a folder that holds other files.
    """
    splits = {split_of(shard) for shard in shards(dataset, configs(dataset)[0])}
    if split not in splits:
        raise UsageProblem(f"{dataset} has no split {split}", f"one of {', '.join(sorted(splits))}", "choose one")
    if out.exists() and any(out.iterdir()) and not (out / TABLE).is_file():
        raise UsageProblem(f"{out} holds other files", "a new or empty folder", "choose another --out")
    out.mkdir(parents=True, exist_ok=True)
    columns = ("clip_id", "audio", *COLUMNS[1:], *(["image"] if pictures else []))
    told, names = [], []
    for number, row in enumerate(rows(shards(dataset, split=split), columns)):
        name = _name_of(row, number)
        sound = (row.get("audio") or {}).get("bytes")
        if not sound:
            raise Problem(f"the clip {name} has no sound", "a dataset with sounds", "build it again")
        (out / f"{name}.flac").write_bytes(sound)
        if pictures:
            (out / f"{name}.png").write_bytes(row["image"]["bytes"])
        told.append({"file_name": f"{name}.flac"} | {column: row.get(column) or "" for column in COLUMNS[1:]})
        names.append(name)
    with open(out / TABLE, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(told)
    return names


def _name_of(row: dict, number: int) -> str:
    """The clip's id where it can be a file's name, else its number."""
    try:
        return checked_name(row.get("clip_id") or "")
    except Problem:
        return f"{number:06d}"
