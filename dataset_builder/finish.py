"""The last step of a build: shards, card, settings and tables of all configs, complete in one folder."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from pyarrow import parquet

from dataset_builder.card.examples import Example, round_trip
from dataset_builder.card.readme import write_card
from dataset_builder.making import shard, splits
from spectrogram.files.dataset_folder import DROPS_FILE, SETTINGS_FILE, SPLITS_FILE, data_folder
from spectrogram.params import MODEL_FILE, SpectrogramParams

TILES = 16


@dataclass
class Config:
    """One way to draw the same sounds: finished pieces, what was kept, the split of every clip; for the card a few
    tiles (caption, PNG) and examples to listen to."""

    name: str
    params: SpectrogramParams
    pieces: list[Path]
    outcome: shard.Outcome
    split_of: dict[str, str]
    tiles: list[tuple[str, bytes]] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)


def finish(
    folder: Path, configs: list[Config], dealt: dict[str, str], settings, tables: dict[str, str], out: Path
) -> None:
    """Write the whole dataset below ``folder``/finished; ``tables`` says what the captions were read from."""
    finished = folder / "finished"
    shutil.rmtree(finished, ignore_errors=True)
    finished.mkdir()
    for config in configs:
        data = data_folder(finished, config.name)
        shard.write_shards(config.pieces, config.split_of, data, settings.shard_rows)
        (data / MODEL_FILE).write_text(config.params.to_json() + "\n", encoding="utf-8")
        config.tiles = tiles(config)
        config.examples = round_trip(finished, config.name, config.params)
    (finished / MODEL_FILE).write_text(configs[0].params.to_json() + "\n", encoding="utf-8")
    (finished / SETTINGS_FILE).write_text(settings.to_json(tables), encoding="utf-8")
    (finished / SPLITS_FILE).write_bytes(splits.splits_csv(dealt))
    (finished / DROPS_FILE).write_bytes(shard.drops_csv({c.name: c.outcome.drops for c in configs}))
    write_card(out.name, configs, settings, finished)


def tiles(config: Config) -> list[tuple[str, bytes]]:
    """(caption, PNG) of up to 16 clips, one of each label in turn."""
    turns: dict[str, list[str]] = {}
    for row in config.outcome.facts:
        turns.setdefault(row["label"], []).append(row["clip_id"])
    ranked = sorted((rank, label, clip) for label, clips in turns.items() for rank, clip in enumerate(clips[:TILES]))
    wanted = {clip: place for place, (_, _, clip) in enumerate(ranked[:TILES])}
    found: dict[int, tuple[str, bytes]] = {}
    for piece in config.pieces:
        if len(found) == len(wanted):
            break
        for row in parquet.read_table(piece, columns=["clip_id", "caption", "image"]).to_pylist():
            if row["clip_id"] in wanted:
                found[wanted[row["clip_id"]]] = (row["caption"], row["image"]["bytes"])
    return [found[place] for place in sorted(found)]
