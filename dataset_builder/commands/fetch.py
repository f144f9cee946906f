"""``python -m dataset_builder fetch hub|freesound|xeno-canto``: a folder of sounds with captions and licences."""

from __future__ import annotations

import argparse
from pathlib import Path

from dataset_builder.commands.arguments import add_politeness, add_summary, parser_for, say
from dataset_builder.commands.build import progress
from spectrogram.exits import ended
from spectrogram.problems import PARTIAL_EXIT_CODE, UsageProblem
from spectrogram.shell import command


def parser() -> argparse.ArgumentParser:
    made = parser_for("fetch", __doc__)
    made.add_argument("source", choices=("hub", "freesound", "xeno-canto"))
    made.add_argument("query", help="name of a Hub dataset or local folder, or what to search for")
    made.add_argument("--out", type=Path, default=Path("downloads"), help="folder for audio/ and metadata.csv")
    made.add_argument("--limit", type=int, default=100, help="at most so many sounds (default 100)")
    made.add_argument("--config", help="config of a Hub dataset (default: its default)")
    made.add_argument("--split", default="train", help="split of a Hub dataset (default train)")
    made.add_argument("--licences", default="cc0,by", help="freesound: cc0, by, by-nc (default cc0,by)")
    add_politeness(made, 1.0)
    add_summary(made, dry_run=True)
    return made


def main(argv: list[str]) -> int:
    options = parser().parse_args(argv)
    return ended(lambda: run(options))


def run(options: argparse.Namespace) -> int:
    from dataset_builder.making.workspace import clear, locked
    from dataset_builder.sources.failures import Failure
    from dataset_builder.sources.sound_folder import Collection
    from spectrogram.problems import EnvironmentProblem

    if options.dry_run:
        return forecast(options)
    with locked(options.out), progress(options.limit, "sounds") as report:
        try:
            counts = Collection(options.out).fill(items(options), report)
        except Failure as failure:
            raise EnvironmentProblem(
                f"{options.source} refuses ({failure})", "expected an answer", "check the key, or run it again later"
            ) from failure
    clear(options.out)
    here = counts.pop("ok", 0)
    failed = ", ".join(f"{name} {count}" for name, count in counts.most_common())
    next_step = "next: " + command("dataset_builder", options.out, "--out", "sd-audio-spectrograms")
    say(options.json, {"here": here, "failed": dict(counts)}, f"{here} here, failed: {failed or 'none'}\n{next_step}")
    return PARTIAL_EXIT_CODE if counts else 0


def forecast(options: argparse.Namespace) -> int:
    """Say what would be fetched: asks for listings, for no sound."""
    from dataset_builder.sources import hub
    from dataset_builder.sources.sound_folder import Collection

    if options.source == "hub":
        facts = hub.forecast(options.query)
        say(options.json, facts, f"{options.query}: {facts['files']} files, {facts['megabytes']:.0f} MB to stream")
        return 0
    facts = Collection(options.out).forecast(items(options))
    size = f"{facts['left']} not here yet, about {facts['megabytes']:.0f} MB"
    say(options.json, facts, f"{facts['offered']} sounds offered (--limit {options.limit}), {size}")
    return 0


def items(options: argparse.Namespace):
    """The items of the chosen source."""
    from dataset_builder.sources import freesound, hub, xeno_canto
    from dataset_builder.sources.web import Web

    if options.source == "hub":
        return hub.stream(options.query, options.split, options.limit, options.config)
    web = Web(pause_s=options.pause)
    if options.source == "xeno-canto":
        return xeno_canto.search(options.query, web, options.limit, options.address or xeno_canto.ADDRESS)
    licences = tuple(options.licences.split(","))
    unknown = sorted(set(licences) - set(freesound.LICENCES))
    if unknown:
        raise UsageProblem(
            f"--licences names {', '.join(unknown)}", f"some of {', '.join(freesound.LICENCES)}", "correct it"
        )
    return freesound.search(options.query, web, options.limit, licences, options.address or freesound.ADDRESS)
