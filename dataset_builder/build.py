"""From entries to a published dataset: plan, build, deal the splits, write, put in place."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pyarrow import parquet

from dataset_builder import export, pieces, splits, workspace
from dataset_builder.augment import AugmentPolicy, expand
from dataset_builder.card import Facts, write_card
from dataset_builder.clips import CutPolicy
from dataset_builder.duplicates import set_apart
from dataset_builder.entries import Entry, order_key
from dataset_builder.examples import round_trip
from dataset_builder.processes import build as build_pieces
from dataset_builder.rows import SCHEMA
from spectrogram.params import MODEL_FILE, SpectrogramParams
from spectrogram.problems import Problem

TILES = 16
SPLIT_NAMES = {"val": "validation", "valid": "validation", "dev": "validation", "eval": "test"}


@dataclass(frozen=True)
class Settings:
    """Everything that decides what the dataset holds; ``command`` is what the card tells to run again."""

    preset: str = "mini"
    policy: CutPolicy = field(default_factory=CutPolicy)
    shares: Mapping[str, float] = field(default_factory=lambda: splits.parse_shares("80/10/10"))
    seed: int = 0
    augment: AugmentPolicy = field(default_factory=AugmentPolicy)
    workers: int | None = None
    shard_rows: int = 2000
    command: str = ""

    @property
    def params(self) -> SpectrogramParams:
        return SpectrogramParams.preset(self.preset)


def build(
    entries: list[Entry], out: Path, settings: Settings, report: Callable[[int, int], None] = lambda done, total: None
) -> export.Outcome:
    """Build the dataset ``out`` (replaced as a whole at the end) and return what was kept and dropped.

    Killed at any point, the same call finishes the work.  Raises Problem when nothing can be kept, EnvironmentProblem
    when another build holds the folder; OSError when the disk is full (what is done stays for the next run).
    """
    with workspace.locked(out) as folder:
        entries, dealt = planned(entries, out, settings, folder)
        build_pieces(folder, len(entries), settings.workers, lambda done: report(done, len(entries)))
        done = pieces.finished_pieces(folder)
        outcome = export.gather(done)
        set_apart(outcome, dealt)
        if not outcome.kept:
            raise Problem(f"no clip is left ({outcome.sentence()})", "expected at least one", first_reason(outcome))
        finish(folder, done, outcome, dealt, settings, out)
        workspace.publish(out)
        workspace.clear(out)
    return outcome


def planned(entries: list[Entry], out: Path, settings: Settings, folder: Path) -> tuple[list[Entry], dict[str, str]]:
    """Write the plan below ``folder``; returns its entries (with the variations) and the split of each recording."""
    dealt = deal(entries, settings, out)
    entries = expand(entries, dealt, settings.augment, settings.seed)
    entries.sort(key=lambda entry: order_key(settings.seed, entry.clip_id))
    pieces.write_plan(folder, entries, pieces.Recipe(settings.params, settings.policy))
    return entries, dealt


def first_reason(outcome: export.Outcome) -> str:
    drop = outcome.drops[0]
    return f"the first one, {drop['place']}: {drop['reason']}, {drop['detail']}"


def deal(entries: list[Entry], settings: Settings, out: Path | None = None) -> dict[str, str]:
    """The split of each recording: the table's own column, then the choice of the build in ``out``, then the shares.

    Dealt before anything is dropped, so that another policy moves no clip.
    """
    kept = splits.read_splits(out / splits.FILE) if out and (out / splits.FILE).is_file() else {}
    kept |= {e.recording: SPLIT_NAMES.get(e.split, e.split) for e in entries if e.split}
    labels = {entry.recording: entry.label for entry in sorted(entries, key=lambda entry: entry.clip_id)}
    return splits.assign(labels, settings.shares, settings.seed, kept)


def finish(
    folder: Path, done: list[Path], outcome: export.Outcome, dealt: dict[str, str], settings: Settings, out: Path
) -> None:
    """Write the whole dataset below ``folder``/finished."""
    finished = folder / "finished"
    shutil.rmtree(finished, ignore_errors=True)
    finished.mkdir()
    split_of = {row["clip_id"]: dealt[row["recording"]] for row in outcome.facts}
    export.write_shards(done, split_of, finished / "data", settings.shard_rows)
    (finished / MODEL_FILE).write_text(settings.params.to_json() + "\n", encoding="utf-8")
    (finished / splits.FILE).write_bytes(splits.splits_csv(dealt))
    (finished / "drops.csv").write_bytes(export.drops_csv(outcome.drops))
    facts = Facts(out.name, outcome, split_of, settings.params, settings.preset, settings.command, outcome.facts[0])
    write_card(facts, finished, tiles(done, outcome), round_trip(finished, settings))


def example(outcome: export.Outcome) -> dict:
    """One row as the card shows it, without the fingerprint that is no column of the dataset."""
    return {name: value for name, value in outcome.facts[0].items() if name in SCHEMA.names}


def tiles(done: list[Path], outcome: export.Outcome) -> list[tuple[str, bytes]]:
    """(caption, PNG) of up to 16 clips, one of each label in turn."""
    turns: dict[str, list[str]] = {}
    for row in outcome.facts:
        turns.setdefault(row["label"], []).append(row["clip_id"])
    ranked = sorted((rank, label, clip) for label, clips in turns.items() for rank, clip in enumerate(clips[:TILES]))
    wanted = {clip: place for place, (_, _, clip) in enumerate(ranked[:TILES])}
    found: dict[int, tuple[str, bytes]] = {}
    for piece in done:
        if len(found) == len(wanted):
            break
        for row in parquet.read_table(piece, columns=["clip_id", "caption", "image"]).to_pylist():
            if row["clip_id"] in wanted:
                found[wanted[row["clip_id"]]] = (row["caption"], row["image"]["bytes"])
    return [found[place] for place in sorted(found)]
