"""The dataset's README: front matter that makes ``load_dataset`` work, and the facts a user of the data must know."""

from __future__ import annotations

import hashlib
import re
import statistics
from collections import Counter
from pathlib import Path

from dataset_builder.card import pictures
from dataset_builder.making.clip import REASONS
from dataset_builder.making.row import SCHEMA
from dataset_builder.making.shard import Outcome, ordered_splits
from spectrogram import json_text
from spectrogram.files.dataset_folder import CARD, shards
from spectrogram.files.digest import sha256_of
from spectrogram.files.templates import Markdown, fill_markdown, link, plain

CC = re.compile(r"CC[ -](BY(?:-NC)?(?:-SA|-ND)?)[ -](\d\.\d)", re.IGNORECASE)
CAPTIONS = {
    "all": "All wordings of a clip are kept ({captions} in all): `captions` holds them, `caption` is the first.",
    "first": "Of several wordings of a clip the first was kept.",
    "random": "Of several wordings of a clip one was kept, drawn from the seed.",
}
SHOWN = 3
LONGEST_TEXT = 1000
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def write_card(name: str, configs: list, settings, folder: Path) -> None:
    """Write README.md and the pictures in card/ below ``folder``; the first of ``configs`` (Config) is the default."""
    card, rows = folder / CARD, configs[0].outcome.facts
    for config in configs:
        pictures.grid(config.tiles, card / config.name / "spectrograms.png")
        pairs = [(f"{e.caption} ({e.distance_db:.1f} dB)", e.picture, e.again) for e in config.examples[:SHOWN]]
        pictures.comparison(pairs, card / config.name / "round_trip.png")
    labels = dict(Counter(row["label"] or "(no label)" for row in rows).most_common())
    pictures.bars("clips of each label", labels, card / "labels.png")
    lengths = pictures.histogram([row["duration_s"] for row in rows], 0.5, "s")
    pictures.bars("length of the sound in a clip", lengths, card / "lengths.png")
    levels = pictures.histogram([row["rms_db"] for row in rows], 5, "dB")
    pictures.bars("loudness (RMS) of a clip", levels, card / "loudness.png")
    text = front_matter(name, configs, folder) + body(name, configs, settings)
    (folder / "README.md").write_text(text, encoding="utf-8")


def front_matter(name: str, configs: list, folder: Path) -> str:
    rows = configs[0].outcome
    values = {
        "pretty_name": name,
        "license": licence_tag({row["licence"] for row in rows.facts}),
        "task_categories": ["text-to-audio", "text-to-image"],
        "tags": ["audio", "spectrogram", "stable-diffusion", "diffusers"],
        "size_categories": [next((size for limit, size in SIZES if rows.kept < limit), "n>1M")],
        "configs": [
            {
                "config_name": config.name,
                "default": config is configs[0],
                "description": f"content {content_hash(folder, config.name)}",
                "data_files": [
                    {"split": split, "path": f"data/{config.name}/{split}-*.parquet"}
                    for split in ordered_splits(config.split_of)
                ],
            }
            for config in configs
        ],
    }
    # JSON is YAML; one key a line keeps it readable.
    return "---\n" + "".join(f"{key}: {json_text.dumps(value)}\n" for key, value in values.items()) + "---\n"


def content_hash(folder: Path, config: str) -> str:
    """A hash of all shards.  ``datasets`` names its cache by the text of the configs, not by the files: a rebuilt
    dataset with the same text would be answered from the old cache, so the text has to hold this."""
    return hashlib.sha256("".join(sha256_of(str(path)) for path in shards(folder, config)).encode()).hexdigest()[:12]


def licence_tag(licences: set[str]) -> str:
    """The Hub's name of the licence when all clips share one, else ``other``: the column ``licence`` rules."""
    if len(licences) != 1:
        return "other"
    text = next(iter(licences))
    if text.startswith("CC0"):
        return "cc0-1.0"
    found = CC.search(text)
    return f"cc-{found[1]}-{found[2]}".lower() if found else "other"


def body(name: str, configs: list, settings) -> str:
    """The text of the card; captions and everything else that others wrote stand in it as plain words."""
    default = configs[0]
    outcome = default.outcome
    splits = list(dict.fromkeys(split for config in configs for split in ordered_splits(config.split_of)))
    kept = sum(len(row["captions"]) for row in outcome.facts)
    return fill_markdown(
        Path(__file__).with_name("dataset_card.md"),
        name=name,
        card=Markdown(CARD),
        default=default,
        other=configs[1] if len(configs) > 1 else None,
        params=default.params,
        outcome=outcome,
        config_head=("config", "picture", "rate", "length", *splits),
        config_rows=[config_row(config, splits) for config in configs],
        row=example_row(outcome),
        configs=[round_trip_facts(config) for config in configs],
        licences=common(outcome, "licence"),
        wordings=Markdown(CAPTIONS[settings.wordings].format(captions=kept)),
        reasons=reasons(outcome) if outcome.drops else [],
        command=Markdown(" ".join(settings.command.replace("```", "` ` `").split())),
        table=table,
    )


def config_row(config, splits: list[str]) -> tuple:
    counts, params = Counter(config.split_of.values()), config.params
    facts = (f"{params.width} x {params.height}", f"{params.sample_rate_hz} Hz", f"{params.clip_seconds:.2f} s")
    return (config.name, *facts, *(counts[split] for split in splits))


def round_trip_facts(config) -> dict:
    """What the way back costs, in figures, to the eye and to the ear."""
    rows = [
        (one.caption, to("sound", one.sound), to("decoded", one.decoded), f"{one.distance_db:.1f} dB")
        for one in config.examples
    ]
    middle = statistics.median(example.distance_db for example in config.examples)
    return {"name": config.name, "middle_db": middle, "examples": rows}


def example_row(outcome: Outcome) -> dict:
    """One row as the card shows it, without the fingerprint that is no column of the dataset."""
    return {name: value for name, value in outcome.facts[0].items() if name in SCHEMA.names}


def common(outcome: Outcome, column: str) -> list[tuple[str, int]]:
    return Counter(row[column] or "(not stated)" for row in outcome.facts).most_common()


def reasons(outcome: Outcome) -> list[tuple[str, int, str]]:
    return [(name, count, REASONS[name]) for name, count in outcome.reasons().most_common()]


def table(head: tuple[str, ...], rows) -> Markdown:
    """A Markdown table of plain words."""
    lines = [" | ".join(map(cell, head)), " | ".join("---" for _ in head)]
    lines += [" | ".join(cell(value) for value in row) for row in rows]
    return Markdown("\n".join(f"| {line} |" for line in lines))


def cell(value: object) -> str:
    if isinstance(value, Markdown):
        return value
    return plain(f"{value:.3f}" if isinstance(value, float) else str(value)[:LONGEST_TEXT])


def to(text: str, path: str) -> Markdown:
    """A link to a file of the dataset."""
    return Markdown(f"[{plain(text)}]({link(path)})")
