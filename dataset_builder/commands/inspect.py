"""``python -m dataset_builder inspect DATASET [ROW]``: one row as a picture and a sound, or what the dataset holds."""

from __future__ import annotations

import argparse
import io
import sys
from collections import Counter
from pathlib import Path

from dataset_builder.commands.arguments import add_dataset, command, parser_for
from dataset_builder.exits import ended
from spectrogram.files.dataset_folder import configs, shards, split_of
from spectrogram.problems import UsageProblem

LEVELS = " .:-=+*#%@"


def parser() -> argparse.ArgumentParser:
    made = parser_for("inspect", __doc__)
    add_dataset(made)
    made.add_argument("row", nargs="?", help="number of a row, or its clip_id; without it the dataset is summed up")
    made.add_argument("--config", help="which of several configs (default: the dataset's default)")
    made.add_argument("--split", default="train", help="split that the number counts in (default train)")
    made.add_argument("--out", type=Path, help="also write ROW.png, ROW.flac and ROW_decoded.wav into this folder")
    return made


def main(argv: list[str]) -> int:
    options = parser().parse_args(argv)
    return ended(lambda: run(options))


def run(options: argparse.Namespace) -> int:
    names = configs(options.dataset)
    config = options.config or names[0]
    if config not in names:
        raise UsageProblem(f"there is no config {config}", f"expected one of {', '.join(names)}", "choose one")
    if options.row is None:
        print("\n".join(summary(options.dataset, name) for name in ([config] if options.config else names)))
        print("next: " + command("dataset_builder", "inspect", options.dataset, 0, "--out", "look"))
        return 0
    row = find(options.dataset, config, options.split, options.row)
    for name, value in row.items():
        if name not in ("image", "audio"):
            print(f"{name:>16}  {value}")
    print(sketch(row["image"]["bytes"]))
    if options.out:
        written = write(row, options.out)
        print("\n".join(str(path) for path in written))
    print("next: " + command("training", options.dataset, "--out", "runs/first"))
    return 0


def summary(dataset: Path, config: str) -> str:
    """Splits, labels and licences of a config with their counts."""
    from pyarrow import parquet

    lines = [f"config {config}"]
    for split in dict.fromkeys(split_of(path) for path in shards(dataset, config)):
        paths = shards(dataset, config, split)
        rows = [row for path in paths for row in parquet.read_table(path, columns=["label", "licence"]).to_pylist()]
        lines.append(f"{split}: {len(rows)} rows")
        for name in ("label", "licence"):
            counts = Counter(row[name] or "(none)" for row in rows).most_common(12)
            lines.append(f"  {name}: " + ", ".join(f"{value} {count}" for value, count in counts))
    return "\n".join(lines)


def find(dataset: Path, config: str, split: str, wanted: str) -> dict:
    """The row of a number or a clip id, reading one row group at a time."""
    from pyarrow import parquet

    left = int(wanted) if wanted.isdigit() else None
    for path in shards(dataset, config, None if left is None else split):
        file = parquet.ParquetFile(path)
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if left is not None and left >= rows:
                left -= rows
                continue
            ids = file.read_row_group(group, columns=["clip_id"])["clip_id"].to_pylist()
            place = left if left is not None else ids.index(wanted) if wanted in ids else None
            if place is not None:
                return file.read_row_group(group).slice(place, 1).to_pylist()[0]
    raise UsageProblem(
        f"there is no row {wanted} in {split}",
        "expected a number or a clip_id",
        "choose one; what was left out stands in drops.csv",
    )


def sketch(png: bytes, width: int = 96, height: int = 24) -> str:
    """The picture in letters, for a terminal."""
    from PIL import Image

    from spectrogram.files.pictures import check_size

    picture = Image.open(io.BytesIO(png))
    check_size(picture, "the picture")
    small = picture.convert("L").resize((width, height))
    steps = "".join(letter.encode(sys.stdout.encoding or "ascii", "replace").decode() for letter in LEVELS)
    pixels = small.load()
    rows = ("".join(steps[pixels[x, y] * len(steps) // 256] for x in range(width)) for y in range(height))
    return "\n".join(rows)


def write(row: dict, folder: Path) -> list[Path]:
    """Picture, sound, and the sound that comes back from the picture."""
    from dataset_builder.intake.names import safe
    from spectrogram.codec import SpectrogramCodec
    from spectrogram.files.audio import write_audio
    from spectrogram.files.pictures import read_picture
    from spectrogram.params import SpectrogramParams

    folder.mkdir(parents=True, exist_ok=True)
    name = safe(row["clip_id"])
    paths = [folder / f"{name}.png", folder / f"{name}.flac", folder / f"{name}_decoded.wav"]
    paths[0].write_bytes(row["image"]["bytes"])
    paths[1].write_bytes(row["audio"]["bytes"])
    picture = read_picture(paths[0])
    audio, rate_hz = SpectrogramCodec(SpectrogramParams.from_image(picture)).decode(picture)
    write_audio(paths[2], audio, rate_hz)
    return paths
