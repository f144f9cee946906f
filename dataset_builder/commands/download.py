"""``python -m dataset_builder download TABLE``: the sounds of AudioCaps, AudioSet or a list of YouTube ids."""

from __future__ import annotations

import argparse
import re
from dataclasses import replace
from pathlib import Path

from dataset_builder.commands.arguments import add_politeness, add_summary, parser_for, say
from dataset_builder.commands.build import progress
from spectrogram.exits import ended
from spectrogram.files.texts import encodings
from spectrogram.help_groups import in_groups
from spectrogram.problems import PARTIAL_EXIT_CODE, UsageProblem
from spectrogram.shell import command

PATIENCE = 3
PAUSE_S = (5.0, 10.0)
IMPORT_HELP = "others' list of failed or of fetched ids (column youtube_id): the likely ones are asked first"
FLAC_BYTES_PER_CLIP = 700_000
EPILOG = """
Stop it when you like and run the same command again: what is here, gone, private or blocked is not asked again.
Expect that 10 to 25 in 100 ids of AudioCaps are gone for good, and refusals from data centres: run it at home, slowly.
Exit codes: 0 all here, 3 some failed or pending (run it again), 4 unusable table, 5 disk, program or lock.
"""

FIRST = ("--out", "--ontology", "--classes", "--per-class", "--limit", "--workers", "--cookies", "--dry-run")


def parser() -> argparse.ArgumentParser:
    made = parser_for("download", __doc__, EPILOG)
    add = made.add_argument
    add("tables", type=Path, nargs="+", metavar="TABLE", help="AudioCaps or AudioSet csv, or a text file with ids")
    add("--allow-overlap", action="store_true", help="accept a video in two of several tables (they are splits)")
    add("--out", type=Path, default=Path("downloads"), help="folder for audio/, ledger.jsonl, metadata.csv")
    add("--ontology", type=Path, help="AudioSet's ontology.json (or class_labels csv): names for its labels")
    encodings.add_argument(made)
    add("--classes", help='only these AudioSet classes and those below them: "Dog; Rain"')
    add("--per-class", type=int, help="at most so many clips of each class")
    add("--limit", type=int, help="only the first N clips of each table")
    add("--workers", type=int, default=1, help="parallel downloads (default 1; more are refused sooner)")
    add_politeness(made, PAUSE_S)
    add("--tries", type=int, default=3, help="tries for each clip in one run (default 3)")
    add("--retry-failed", action="store_true", help="ask again for clips that are gone, private or blocked")
    add("--import-list", type=Path, action="append", default=[], metavar="CSV", help=IMPORT_HELP)
    add("--cookies", help="Netscape cookie file of a signed-in browser")
    add("--proxy", help="proxy address")
    add_summary(made, dry_run=True)
    return in_groups(made, *FIRST)


def main(argv: list[str]) -> int:
    options = parser().parse_args(argv)
    return ended(lambda: run(options, argv), encoding=options.encoding)


def run(options: argparse.Namespace, argv: list[str]) -> int:
    from dataset_builder.making.workspace import clear, locked
    from dataset_builder.sources.ledger import Ledger, import_list

    entries = wanted_entries(options)
    if options.dry_run:
        known = Ledger(options.out / "ledger.jsonl").records
        left = sum(not (entry.clip_id in known and known[entry.clip_id].settled) for entry in entries)
        facts = {"given": len(entries), "left": left, "megabytes": round(left * FLAC_BYTES_PER_CLIP / 1e6)}
        say(options.json, facts, f"{left} of {len(entries)} clips left to fetch, about {facts['megabytes']} MB")
        return 0
    with locked(options.out):
        for table in options.import_list:
            import_list(table, Ledger(options.out / "ledger.jsonl"))
        with progress(len(entries), "clips") as report:
            outcome = downloader(options).run(entries, report)
        clear(options.out)
    complete = outcome.ok == len(entries)
    facts = {"given": len(entries), "here": outcome.ok, "failed": dict(outcome.failed), "pending": outcome.pending}
    say(options.json, facts, outcome.sentence() + "\n" + hint(options, argv, outcome))
    return 0 if complete else PARTIAL_EXIT_CODE


def wanted_entries(options: argparse.Namespace) -> list:
    """The clips of all tables; several tables are splits, named after their files, that may share no video."""
    from dataset_builder.intake.captions import merged, refuse_overlap
    from dataset_builder.intake.entries import checked_split
    from dataset_builder.intake.youtube_tables import wanted

    ontology, selection = selected(options)
    tables = {table: list(wanted(table, ontology, selection)) for table in options.tables}
    if len(tables) > 1:
        named = {table: checked_split(re.sub(r"\W+", "_", table.stem)) for table in tables}
        tables = {table: [replace(one, split=named[table]) for one in own] for table, own in tables.items()}
    every = [entry for own in tables.values() for entry in own]
    if not options.allow_overlap:
        refuse_overlap(every)
    # The rows of one clip stand together only after merging, so the limit counts clips of each table.
    return [entry for own in tables.values() for entry in merged(own)[: options.limit]]


def selected(options: argparse.Namespace):
    """The ontology and the selection of classes that the options ask for, None where they do not."""
    from dataset_builder.intake.ontology import Ontology, Selection

    if not options.ontology:
        if options.classes:
            raise UsageProblem("--classes needs the names", "expected --ontology ontology.json", "pass it")
        return None, None
    ontology = Ontology.read(options.ontology)
    names = [name.strip() for name in options.classes.split(";")] if options.classes else []
    return ontology, Selection(ontology, names, options.per_class) if names else None


def downloader(options: argparse.Namespace):
    from dataset_builder.sources.download import Downloader
    from dataset_builder.sources.pacing import Pace
    from dataset_builder.sources.youtube import YOUTUBE, YouTube

    fetcher = YouTube(options.address or YOUTUBE, options.cookies, options.proxy)
    pace = Pace(tuple(options.pause), first_wait_s=max(60.0, options.pause[1]), patience=PATIENCE)
    return Downloader(options.out, fetcher, pace, options.tries, options.workers, options.retry_failed)


def hint(options: argparse.Namespace, argv: list[str], outcome) -> str:
    again = command("dataset_builder", "download", *argv)
    if outcome.stopped:
        return f"stopped: the site refuses; wait an hour or pass --cookies, then go on with: {again}"
    if outcome.pending:
        return f"go on with: {again}"
    return "next: " + command("dataset_builder", options.out, "--out", "sd-audio-spectrograms")
