"""``python -m dataset_builder CSV_OR_FOLDER``: the options, the progress bar, the summary and the next command."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dataset_builder.commands.arguments import add_summary, parser_for, say
from spectrogram.exits import ended
from spectrogram.files.texts import encodings
from spectrogram.help_groups import in_groups
from spectrogram.problems import PARTIAL_EXIT_CODE, UsageProblem
from spectrogram.shell import command

# About 77 tokens of the CLIP tokenizer; the caption itself is kept whole.
CAPTION_WORDS = 55
NAME = "sd-audio-spectrograms"
ABOUT = "Turn sound files and captions into a dataset of spectrogram pictures for load_dataset."
EPILOG = """
CSV_OR_FOLDER is a table (csv, tsv, jsonl, parquet) with file_name and caption or label, and perhaps start_s, end_s,
licence, source, attribution, split; the table of a public collection (Clotho, WavCaps, ESC-50, UrbanSound8K, FSD50K,
MusicCaps, VGGSound, AudioSet, AudioCaps, xeno-canto, warbleR) or a list of YouTube ids or addresses, with --audio for
the sounds; or a folder with metadata.*, with pairs 1.wav + 1.txt (.caption, .json), or with one folder per class, each
of them perhaps in folders train, validation and test.  Recordings longer than the picture give their first clip, or all
their clips with --windows; shorter ones are padded with silence.
Exit codes: 0 done, also where clips were left out as repeats, short or silent; 2 usage; 3 some could not be read (see
drops.csv); 4 unusable input; 5 disk or lock.
"""

FIRST = ("--audio", "--out", "--preset", "--split", "--windows", "--channel", "--replace", "--workers", "--dry-run")


def parser() -> argparse.ArgumentParser:
    made = parser_for(
        "", "Turn sound files and captions into a dataset of spectrogram pictures for load_dataset.", EPILOG
    )
    add = made.add_argument
    add("captions", metavar="CSV_OR_FOLDER", type=Path)
    add("--audio", type=Path, metavar="DIR", help="folder that file names start from (default: the table's own)")
    encodings.add_argument(made)
    add("--out", type=Path, default=Path(NAME), help=f"the dataset's folder (default: {NAME})")
    add("--preset", default="mini", help="how sound becomes a picture; several make several configs: mini,sd15")
    add("--split", default="80/10/10", help="shares of train/validation/test (default: 80/10/10)")
    add("--seed", type=int, default=0, help="decides splits and order (default: 0)")
    add("--windows", action="store_true", help="use all of a long recording, not only its first clip")
    add("--shortest", type=float, default=1.0, metavar="S", help="drop sounds shorter than this (default: 1.0 s)")
    add("--silence", type=float, default=-60.0, metavar="DB", help="drop clips that stay below (default: -60 dB)")
    add("--channel", type=int, metavar="N", help="use one channel, from 1 (default: the mean of all)")
    add("--time-expansion", type=float, default=1.0, metavar="X", help="play X times slower: 10 for bats (default: 1)")
    add("--keep-silent", action="store_true", help="keep silent clips")
    add("--wordings", default="all", help="captions kept of each clip: all, first, or random (default: all)")
    add("--augment", type=int, default=0, metavar="N", help="add N recorded variations and mixes of each train clip")
    add("--allow-overlap", action="store_true", help="accept a split column that divides a recording")
    add("--replace", action="store_true", help="a config that the folder has and --preset does not name may go")
    add("--workers", type=int, help="processes (default: all cores, one for a small set)")
    add_summary(made, dry_run=True)
    return in_groups(made, *FIRST)


def main(argv: list[str]) -> int:
    options = parser().parse_args(argv)
    return ended(lambda: run(options, argv), encoding=options.encoding)


def run(options: argparse.Namespace, argv: list[str]) -> int:
    """Read the captions, build, say what came out; returns 3 when files could not be read, else 0."""
    from dataset_builder.intake.captions import read_intake

    settings = settings_of(options, argv)
    intake = read_intake(options.captions, options.audio, options.allow_overlap)
    entries, named = intake.entries, len(intake.unused)
    told = {"named": named, "read": intake.read, "not_used": intake.unused}
    if options.dry_run:
        from dataset_builder.making.forecast import forecast

        facts, text = forecast(entries, settings)
        facts |= {"given": facts["given"] + named} | told
        say(options.json, facts, "\n".join(filter(None, (intake.sentence(), text))))
        return 0
    from dataset_builder.build import build

    with progress(len(entries), "clips") as report:
        outcomes = build(entries, options.out, settings, report)
    first = next(iter(outcomes.values()))
    summary = {"out": str(options.out), "given": len(entries) + named, "kept": first.kept, "dropped": len(first.drops)}
    summary |= told | {"reasons": dict(first.reasons()), "configs": {name: own.kept for name, own in outcomes.items()}}
    lines = [intake.sentence()] if named else []
    say(options.json, summary, "\n".join([*lines, farewell(options, settings, outcomes, entries)]))
    return PARTIAL_EXIT_CODE if any(own.unread for own in outcomes.values()) else 0


def settings_of(options: argparse.Namespace, argv: list[str]):
    from dataset_builder.build import Settings
    from dataset_builder.making.augment import AugmentPolicy
    from dataset_builder.making.clip import CutPolicy
    from dataset_builder.making.splits import parse_shares

    if options.workers is not None and options.workers < 1:
        raise UsageProblem(f"--workers is {options.workers}", "1 or more", "leave it out to use all cores")
    if not 0.01 <= options.time_expansion <= 1000 or (options.channel is not None and options.channel < 1):
        raise UsageProblem(
            f"--time-expansion is {options.time_expansion:g}, --channel is {options.channel}",
            "a factor from 0.01 to 1000, and a channel from 1",
            "correct it",
        )
    cut = {"channel": options.channel, "time_expansion": options.time_expansion}
    policy = CutPolicy(options.shortest, options.silence, options.keep_silent, options.windows, **cut)
    return Settings(
        presets=tuple(dict.fromkeys(options.preset.split(","))),
        policy=policy,
        shares=parse_shares(options.split),
        seed=options.seed,
        wordings=options.wordings,
        augment=AugmentPolicy(copies=options.augment),
        workers=options.workers,
        replace=options.replace,
        command=public_command(argv),
    )


def public_command(argv: list[str]) -> str:
    """The command as the dataset tells it: of paths of this machine only the last part."""
    told = []
    for word in argv:
        name, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
        told.append(name + equals + (Path(value).name if Path(value).is_absolute() else value))
    return command("dataset_builder", *told)


def farewell(options: argparse.Namespace, settings, outcomes: dict, entries: list) -> str:
    """What came out, what long recordings still hold, and what to run next."""
    many = len(outcomes) > 1
    lines = [(f"{name}: " if many else "") + outcome.sentence() for name, outcome in outcomes.items()]
    if any(outcome.drops for outcome in outcomes.values()):
        lines[-1] += f" (reasons in {options.out / 'drops.csv'})"
    preset, outcome = next(iter(outcomes.items()))
    clip_s = settings.params(preset).clip_seconds
    # A part that was asked for has its own end: nothing behind it is left out.
    open_ended = {entry.clip_id: entry.start_s for entry in entries if entry.seconds is None}
    kept = [facts for facts in outcome.facts if facts["clip_id"] in open_ended]
    rest_s = [(one["source_seconds"] - open_ended[one["clip_id"]]) * options.time_expansion for one in kept]
    spare = [math.floor((seconds - settings.policy.shortest_s) / clip_s) for seconds in rest_s]
    long = len({one["recording"] for one, clips in zip(kept, spare, strict=True) if clips > 0})
    more = sum(clips for clips in spare if clips > 0)
    if long and not options.windows:
        lines.append(f"{long} recordings are longer than a clip: --windows makes about {more} more clips of them")
    wordy = sum(len(facts["caption"].split()) > CAPTION_WORDS for facts in outcome.facts)
    if wordy:
        lines.append(f"{wordy} captions have more than {CAPTION_WORDS} words: the text encoder reads 77 tokens of each")
    lines.append("next: " + command("training", options.out, "--out", "runs/first"))
    return "\n".join(lines)


@contextmanager
def progress(total: int | None, unit: str) -> Iterator[Callable[..., None]]:
    """A bar on stderr with rate and time left; yields the function that is told how much is done (and of how much)."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=sys.stderr)) as bar:
        task = bar.add_task("", total=total, rate="")

        def report(done: int, total: int | None = total) -> None:
            speed = bar.tasks[0].speed
            bar.update(task, completed=done, total=total, rate=f"{speed:.0f} {unit}/s" if speed else "")

        yield report
