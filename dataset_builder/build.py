"""From entries to a published dataset: plan, build, deal the splits, write, put in place."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from dataset_builder.finish import Config, finish
from dataset_builder.intake.captions import WORDINGS, chosen_wordings
from dataset_builder.intake.entries import Entry, checked_split, order_key
from dataset_builder.intake.youtube_tables import version_of
from dataset_builder.making import piece, splits, workspace
from dataset_builder.making.augment import AugmentPolicy, expand
from dataset_builder.making.clip import CutPolicy
from dataset_builder.making.duplicates import set_apart
from dataset_builder.making.forecast import check_room
from dataset_builder.making.processes import build as build_pieces
from dataset_builder.making.shard import Outcome, gather
from spectrogram import json_text
from spectrogram.files.dataset_folder import SPLITS_FILE
from spectrogram.params import SpectrogramParams
from spectrogram.problems import Problem

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """Everything that decides what the dataset holds; ``command`` is what the card tells to run again.

    ``presets``: one config each, the first is the default; ``wordings``: which captions of a clip are kept (``all``,
    the ``first``, or a ``random`` one drawn from the seed); ``replace``: a config of the folder that is not in
    ``presets`` may go.
    """

    presets: tuple[str, ...] = ("mini",)
    policy: CutPolicy = field(default_factory=CutPolicy)
    shares: Mapping[str, float] = field(default_factory=lambda: splits.parse_shares("80/10/10"))
    seed: int = 0
    wordings: str = WORDINGS[0]
    augment: AugmentPolicy = field(default_factory=AugmentPolicy)
    workers: int | None = None
    shard_rows: int = 2000
    replace: bool = False
    command: str = ""

    def params(self, preset: str) -> SpectrogramParams:
        return SpectrogramParams.preset(preset)

    def to_json(self, tables: Mapping[str, str]) -> str:
        """What the rows depend on, for the record beside them."""
        values = asdict(self) | {"tables": dict(tables)}
        values |= {"software": piece.software_fingerprint(), "libraries": piece.library_versions()}
        for name in ("workers", "replace", "command"):
            del values[name]
        return json_text.dumps(values, indent=1, sort_keys=True) + "\n"


def build(
    entries: list[Entry], out: Path, settings: Settings, report: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, Outcome]:
    """Build the dataset ``out`` (replaced as a whole at the end); returns what each config kept and dropped.

    Killed at any point, the same call finishes the work.  Raises Problem when nothing can be kept, UsageProblem when
    ``out`` holds something else, EnvironmentProblem when another build holds the folder or the disk is full (what is
    done stays for the next run).
    """
    workspace.refuse_loss(out, settings.presets, settings.replace)
    check_room(len(entries), settings, out)
    with workspace.locked(out) as folder:
        entries, dealt = planned(entries, out, settings, folder)
        folders = [folder / preset for preset in settings.presets]
        total = len(entries) * len(folders)
        build_pieces(folders, total, settings.workers, lambda done: report(done, total))
        configs = gathered(folder, settings, dealt)
        finish(folder, configs, dealt, settings, tables_of(entries), out)
        workspace.publish(out)
        workspace.clear(out)
    return {config.name: config.outcome for config in configs}


def planned(entries: list[Entry], out: Path, settings: Settings, folder: Path) -> tuple[list[Entry], dict[str, str]]:
    """Write a plan for each preset below ``folder``; returns the entries (with the variations) and the splits."""
    dealt = deal(entries, settings, out)
    entries = chosen_wordings(entries, settings.wordings, settings.seed)
    entries = expand(entries, dealt, settings.augment, settings.seed)
    entries.sort(key=lambda entry: order_key(settings.seed, entry.clip_id))
    for other in piece.planned_folders(folder):
        if other.name not in settings.presets:
            shutil.rmtree(other)
    for preset in settings.presets:
        piece.write_plan(folder / preset, entries, piece.Recipe(settings.params(preset), settings.policy))
    return entries, dealt


def gathered(folder: Path, settings: Settings, dealt: dict[str, str]) -> list[Config]:
    """All configs of finished pieces, repeats set apart; raises Problem when no clip is left."""
    done = {preset: piece.finished_pieces(folder / preset) for preset in settings.presets}
    outcomes = {preset: gather(paths) for preset, paths in done.items()}
    set_apart(list(outcomes.values()), dealt)
    for outcome in outcomes.values():
        if not outcome.kept:
            raise Problem(f"no clip is left ({outcome.sentence()})", "expected at least one", first_reason(outcome))
    return [
        Config(
            preset,
            settings.params(preset),
            done[preset],
            outcome,
            {row["clip_id"]: dealt[row["recording"]] for row in outcome.facts},
        )
        for preset, outcome in outcomes.items()
    ]


def tables_of(entries: list[Entry]) -> dict[str, str]:
    """What the captions come from: each table (by its name) with its hash, and AudioCaps' with its version."""
    paths = sorted({Path(entry.origin) for entry in entries if entry.row})
    return {path.name: version_of(path) for path in paths if path.is_file()}


def first_reason(outcome: Outcome) -> str:
    drop = outcome.drops[0]
    return f"the first one, {drop['place']}: {drop['reason']}, {drop['detail']}"


def deal(entries: list[Entry], settings: Settings, out: Path | None = None) -> dict[str, str]:
    """The split of each recording: the table's own column, then the choice of the build in ``out``, then the shares.

    Dealt before anything is dropped, so that another policy moves no clip.
    """
    kept = splits.read_splits(out / SPLITS_FILE) if out and (out / SPLITS_FILE).is_file() else {}
    kept |= {e.recording: checked_split(e.split) for e in entries if e.split}
    labels = {entry.recording: entry.label for entry in sorted(entries, key=lambda entry: entry.clip_id)}
    dealt = splits.assign(labels, settings.shares, settings.seed, kept)
    if len(set(splits.groups(labels).values())) == 1 < len(labels):
        log.warning(
            "all %d clips share recordings and come into one split: compose them from more backgrounds, or by split",
            len(entries),
        )
    return dealt
