"""``python -m dataset_builder audiocaps``: AudioCaps as a dataset of spectrograms, in one command.

    audiocaps --out sd-audio-spectrograms                     streamed from a copy on the Hub: nothing is scraped
    audiocaps --from youtube --csv train.csv --csv test.csv   the videos themselves, slowly, resumable
    audiocaps --limit 50 --preset mini,sd15                   options of a build may follow

Stop it when you like and run it again: sounds that are here are not fetched twice.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from dataset_builder.commands import build
from dataset_builder.commands.arguments import parser_for, say
from spectrogram.exits import ended
from spectrogram.problems import PARTIAL_EXIT_CODE, EnvironmentProblem, UsageProblem

ASKING = {"cookies": "Netscape cookie file", "proxy": "proxy address", "address": "address with {id} in it"}
SPLITS = ("train", "validation", "test")


def parser() -> argparse.ArgumentParser:
    made = parser_for("audiocaps", __doc__)
    add = made.add_argument
    add("--from", dest="source", choices=("hub", "youtube"), default="hub", help="where the sound comes from")
    add("--name", help="dataset on the Hub (default OpenSound/AudioCaps)")
    add("--splits", default=",".join(SPLITS), help="splits of it (default train,validation,test)")
    add("--csv", action="append", type=Path, default=[], help="youtube: AudioCaps csv named train, val or test")
    for name, text in ASKING.items():
        add(f"--{name}", help=f"youtube: {text}")
    add("--limit", type=int, help="at most so many rows of each split")
    add("--downloads", type=Path, default=Path("audiocaps"), help="folder for the sounds (default audiocaps)")
    return made


def main(argv: list[str]) -> int:
    options, rest = parser().parse_known_args(argv)
    build_argv = [str(options.downloads), *rest]
    built_by = build.parser().parse_args(build_argv)
    return ended(lambda: run(options, built_by, build_argv), encoding=built_by.encoding)


def run(options: argparse.Namespace, build_options: argparse.Namespace, build_argv: list[str]) -> int:
    """Fetch what is missing, then build with the remaining options; 3 when a sound or a clip is missing."""
    if build_options.dry_run and options.source == "hub":
        return hub_forecast(options, build_options.json)
    fetched = from_youtube(options, build_options.dry_run) if options.source == "youtube" else from_hub(options)
    if build_options.dry_run:
        return fetched
    built = build.run(build_options, build_argv)
    return built or fetched


def from_hub(options: argparse.Namespace) -> int:
    from dataset_builder.making.workspace import clear, locked
    from dataset_builder.sources import hub
    from dataset_builder.sources.sound_folder import Collection

    missing = 0
    with locked(options.downloads):
        for split in options.splits.split(","):
            with build.progress(options.limit, f"rows of {split}") as report:
                items = hub.stream(options.name or hub.DEFAULT, split, options.limit)
                try:
                    counts = Collection(options.downloads).fill(items, report)
                except (OSError, ConnectionError) as error:
                    raise unreachable(options.name or hub.DEFAULT, error) from error
            missing += counts.total() - counts["ok"]
    clear(options.downloads)
    return PARTIAL_EXIT_CODE if missing else 0


def hub_forecast(options: argparse.Namespace, as_json: bool) -> int:
    from dataset_builder.sources import hub

    name = options.name or hub.DEFAULT
    try:
        facts = hub.forecast(name)
    except (OSError, ConnectionError) as error:
        raise unreachable(name, error) from error
    text = f"{name}: {facts['files']} files, {facts['megabytes']:.0f} MB to stream into {options.downloads}"
    say(as_json, facts, text + "\nnext: run the same command without --dry-run, perhaps with --limit")
    return 0


def unreachable(name: str, error: Exception) -> EnvironmentProblem:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return EnvironmentProblem(
        f"{name} cannot be read ({reason[:200]})", "expected an answer of the Hub", "run the same command again later"
    )


def from_youtube(options: argparse.Namespace, dry_run: bool) -> int:
    """Download the sections of all tables into one folder, each clip with the split that its table is named after."""
    from dataset_builder.commands import download

    if not options.csv:
        raise UsageProblem("no table is given", "expected --csv train.csv (and val.csv, test.csv)", "pass them")
    arguments = [*map(str, options.csv), "--out", str(options.downloads)]
    arguments += ["--limit", str(options.limit)] if options.limit else []
    arguments += ["--dry-run"] if dry_run else []
    for name in ASKING:
        arguments += [f"--{name}", getattr(options, name)] if getattr(options, name) else []
    return download.run(download.parser().parse_args(arguments), arguments)
