"""Pieces become the dataset: Parquet shards for each split, streamed, in an order that mixes the classes.

A finished folder holds data/CONFIG/SPLIT-00000-of-00001.parquet, README.md, settings.json, spectrogram.json, splits.csv
and drops.csv.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pyarrow
from pyarrow import parquet

from dataset_builder.making.clip import BY_CHOICE
from dataset_builder.making.piece import read_drops
from dataset_builder.making.row import PIECE_SCHEMA, SCHEMA, typed_schema
from spectrogram.files import atomic
from spectrogram.files.dataset_folder import shard_name, split_rank

ROW_GROUP = 100
MEDIA_COLUMNS = ("image", "audio")


@dataclass
class Outcome:
    """What a build kept and dropped: ``facts`` are the kept rows without their media."""

    facts: list[dict] = field(default_factory=list)
    drops: list[dict] = field(default_factory=list)

    @property
    def kept(self) -> int:
        return len(self.facts)

    def reasons(self) -> Counter:
        return Counter(drop["reason"] for drop in self.drops)

    @property
    def unread(self) -> int:
        """How many drops are faults of the input, not choices of the policy."""
        return sum(drop["reason"] not in BY_CHOICE for drop in self.drops)

    def sentence(self) -> str:
        """``kept 412, dropped 9: silent 5, short 3, unreadable 1``."""
        reasons = ", ".join(f"{name} {count}" for name, count in self.reasons().most_common())
        return f"kept {self.kept}, dropped {len(self.drops)}" + (f": {reasons}" if reasons else "")


def gather(pieces: list[Path]) -> Outcome:
    """Facts of all rows (with their fingerprint) and all drops."""
    outcome = Outcome()
    columns = [name for name in PIECE_SCHEMA.names if name not in MEDIA_COLUMNS]
    for piece in pieces:
        outcome.drops += read_drops(piece)
        outcome.facts += parquet.read_table(piece, columns=columns).to_pylist()
    return outcome


def write_shards(pieces: list[Path], split_of: dict[str, str], folder: Path, shard_rows: int) -> None:
    """Write the rows whose clip id has a split below ``folder``, in the order of the pieces, in one pass over them."""
    folder.mkdir(parents=True, exist_ok=True)
    schema = typed_schema()
    with ExitStack() as stack:
        writers = {
            split: stack.enter_context(SplitWriter(folder, split, rows, shard_rows, schema))
            for split, rows in Counter(split_of.values()).items()
        }
        for piece in pieces:
            for row in parquet.read_table(piece, columns=SCHEMA.names).to_pylist():
                if row["clip_id"] in split_of:
                    writers[split_of[row["clip_id"]]].add(row)


class SplitWriter:
    """Shards of one split: ``add`` rows, 100 to a row group, so that a reader can pick a few cheaply."""

    def __init__(self, folder: Path, split: str, rows: int, shard_rows: int, schema: pyarrow.Schema) -> None:
        shards = -(-rows // shard_rows)
        self.paths = iter([folder / shard_name(split, number, shards) for number in range(shards)])
        self.schema, self.shard_rows, self.room, self.group, self.writer = schema, shard_rows, 0, [], None

    def add(self, row: dict) -> None:
        if not self.room:
            self.close()
            self.path, self.room = next(self.paths), self.shard_rows
            self.writer = parquet.ParquetWriter(self.path, self.schema)
        self.group.append(row)
        self.room -= 1
        if len(self.group) == ROW_GROUP:
            self.flush()

    def flush(self) -> None:
        if self.group:
            table, self.group = pyarrow.Table.from_pylist(self.group, schema=self.schema), []
            with atomic.explained(self.path, table.nbytes):
                self.writer.write_table(table)

    def close(self) -> None:
        self.flush()
        if self.writer:
            self.writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def drops_csv(drops: dict[str, list[dict]]) -> bytes:
    """The table of all drops, given those of each config."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, ("config", "clip_id", "reason", "detail", "place", "path"), lineterminator="\n")
    writer.writeheader()
    for config, own in drops.items():
        ordered = sorted(own, key=lambda drop: (drop["reason"], drop["clip_id"]))
        writer.writerows({"config": config, **drop} for drop in ordered)
    return text.getvalue().encode()


def ordered_splits(split_of: dict[str, str]) -> list[str]:
    """Names of the splits that have rows, train first."""
    return sorted(set(split_of.values()), key=split_rank)
