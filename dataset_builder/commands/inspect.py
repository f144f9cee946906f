"""``python -m dataset_builder inspect DATASET [ROW]``: one row as a picture and a sound, or what the dataset holds."""

from __future__ import annotations

import argparse
import io
import sys
from collections import Counter
from pathlib import Path

from dataset_builder.commands.arguments import add_dataset, parser_for
from spectrogram.exits import ended
from spectrogram.files.dataset_folder import configs, opened, shards, split_of
from spectrogram.files.dataset_folder import rows as rows_of
from spectrogram.problems import Problem, UsageProblem
from spectrogram.shell import command

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
    print(sketch(media(row, "image")))
    if options.out:
        written = write(row, options.out)
        print("\n".join(str(path) for path in written))
    print("next: " + command("training", options.dataset, "--out", "runs/first"))
    return 0


def summary(dataset: Path, config: str) -> str:
    """Splits, labels and licences of a config with their counts."""
    lines = [f"config {config}"]
    for split in dict.fromkeys(split_of(path) for path in shards(dataset, config)):
        paths = shards(dataset, config, split)
        rows = list(rows_of(paths, ("label", "licence")))
        lines.append(f"{split}: {len(rows)} rows")
        for name in ("label", "licence"):
            counts = Counter(str(row.get(name) or "(none)") for row in rows).most_common(12)
            lines.append(f"  {name}: " + ", ".join(f"{value} {count}" for value, count in counts))
    return "\n".join(lines)


def find(dataset: Path, config: str, split: str, wanted: str) -> dict:
    """The row of a number or a clip id, reading one row group at a time."""
    left = int(wanted) if wanted.isdigit() else None
    for path in shards(dataset, config, None if left is None else split):
        with opened(path) as file:
            for group in range(file.num_row_groups):
                rows = file.metadata.row_group(group).num_rows
                if left is not None and left >= rows:
                    left -= rows
                    continue
                place = left if left is not None else place_of(wanted, file, group)
                if place is not None:
                    return file.read_row_group(group).slice(place, 1).to_pylist()[0]
    raise UsageProblem(
        f"there is no row {wanted} in {split}",
        "expected a number or a clip_id",
        "choose one; what was left out stands in drops.csv",
    )


def place_of(wanted: str, file, group: int) -> int | None:
    """Where in a row group the row of a clip id stands; None where it does not."""
    if "clip_id" not in file.schema_arrow.names:
        return None
    ids = file.read_row_group(group, columns=["clip_id"])["clip_id"].to_pylist()
    return ids.index(wanted) if wanted in ids else None


def media(row: dict, name: str) -> bytes:
    """The bytes of a row's image or audio. Raises Problem where there are none."""
    found = row.get(name)
    data = found.get("bytes") if isinstance(found, dict) else None
    if not isinstance(data, bytes) or not data:
        raise Problem(f"the row holds no {name}", "a dataset of this package", "build it again")
    return data


def sketch(png: bytes, width: int = 96, height: int = 24) -> str:
    """The picture in letters, for a terminal."""
    from spectrogram.files.pictures import read_picture

    small = read_picture(io.BytesIO(png)).convert("L").resize((width, height))
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
    name = safe(str(row.get("clip_id") or "row"))
    paths = [folder / f"{name}.png", folder / f"{name}.flac", folder / f"{name}_decoded.wav"]
    paths[0].write_bytes(media(row, "image"))
    paths[1].write_bytes(media(row, "audio"))
    picture = read_picture(paths[0])
    audio, rate_hz = SpectrogramCodec(SpectrogramParams.from_image(picture)).decode(picture)
    write_audio(paths[2], audio, rate_hz)
    return paths
