"""Part recordings of any length into one sound a source, with JAMS and Raven tables of when each sounds.

separate RECORDINGS --model sources.safetensors --out separated
separate SET --model sources.safetensors --keep birds --out clean     then: python -m dataset_builder clean
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from pathlib import Path

from dataset_builder.commands.build import progress
from spectrogram.exits import ended
from spectrogram.files import tables
from spectrogram.files.texts import encodings
from spectrogram.problems import PARTIAL_EXIT_CODE, Problem, UsageProblem


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        "python -m bioacoustics separate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = made.add_argument
    add("recordings", type=Path, help="a file, or a folder of them")
    add("--model", type=Path, required=True, help="what learn sources wrote")
    add("--out", type=Path, required=True, metavar="DIR")
    add("--keep", metavar="SOURCE", help="write only this source, under the recordings' own names, with their table")
    add("--free", type=int, default=0, metavar="N", help="bases learned in the recording itself: the source 'other'")
    add("--ambient", action="store_true", help="one more basis for the recording's steady noise, also 'other'")
    add(
        "--adapt",
        type=float,
        default=0.0,
        metavar="X",
        help="how far bases may follow the recording, 0 to 1 (default 0)",
    )
    add("--iterations", type=int, default=15)
    add("--exponent", type=float, default=1.0, help="of the mask: 2 parts harder (default 1)")
    add("--seed", type=int, default=0)
    encodings.add_argument(made)
    return made


def main(argv: list[str]) -> int:
    options = parser().parse_args(argv)
    return ended(lambda: run(options), encoding=options.encoding)


def run(options: argparse.Namespace) -> int:
    from bioacoustics.separation.masks import Settings, source_names
    from bioacoustics.separation.model import SeparationModel
    from bioacoustics.separation.sounds import audio_files
    from bioacoustics.separation.stream import already_done, mark_done, separate_file

    model = SeparationModel.load(options.model)
    settings = Settings(
        options.free, options.ambient, options.adapt, options.iterations, options.exponent, seed=options.seed
    )
    if options.keep and options.keep not in source_names(model, settings):
        raise UsageProblem(
            f"the model has no source {options.keep!r}",
            f"one of {', '.join(source_names(model, settings))}",
            "choose one",
        )
    files = audio_files(options.recordings)
    root = options.recordings if options.recordings.is_dir() else options.recordings.parent
    options.out.mkdir(parents=True, exist_ok=True)
    done, failed = already_done(options.out), []
    with progress(len(files), "recordings") as report:
        for number, file in enumerate(files, 1):
            if str(file) not in done:
                folder = options.out / file.parent.relative_to(root)
                try:
                    facts = separate_file(file, model, settings, folder, only=options.keep)
                    mark_done(options.out, file, {"seconds": facts.seconds, "events": len(facts.events)})
                except Problem as problem:
                    failed.append(file)
                    print(f"error: {problem}", file=sys.stderr)
            report(number)
    if options.keep:
        copy_table(root, options.out, {file.relative_to(root) for file in set(files) - set(failed)})
    print(f"{len(files) - len(failed)} of {len(files)} recordings are in {options.out}")
    return PARTIAL_EXIT_CODE if failed else 0


def copy_table(root: Path, out: Path, kept: set[Path]) -> None:
    """The folder's metadata.csv with the names of the cleaned files, where it has one."""
    if not (root / "metadata.csv").is_file():
        return
    table = tables.read(root / "metadata.csv")
    named = table.column("file_name")
    made = io.StringIO(newline="")
    # Facts about the old bytes (sha256) are not true of the new ones.
    columns = [name for name in table.columns if name not in ("sha256", "bytes")]
    writer = csv.DictWriter(made, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for _, row in table:
        name = Path(str(row[named]).replace("\\", "/")) if named else Path()
        if name in kept:
            writer.writerow(row | {named: name.with_suffix(".flac").as_posix()})
    (out / "metadata.csv").write_text(made.getvalue(), encoding="utf-8")
