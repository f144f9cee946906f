"""The dataset's README: front matter that makes ``load_dataset`` work, and the facts a user of the data must know."""

from __future__ import annotations

import hashlib
import json
import re
import statistics
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from dataset_builder import pictures
from dataset_builder.clips import REASONS
from dataset_builder.examples import Example
from dataset_builder.export import Outcome, ordered_splits
from dataset_builder.reading import sha256_of
from spectrogram.params import SpectrogramParams

CC = re.compile(r"CC[ -](BY(?:-NC)?(?:-SA|-ND)?)[ -](\d\.\d)", re.IGNORECASE)
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


@dataclass(frozen=True)
class Facts:
    """What the card tells: the outcome, the split of every clip, the codec and the command that made it."""

    name: str
    outcome: Outcome
    split_of: dict[str, str]
    params: SpectrogramParams
    preset: str
    command: str
    example: dict


def write_card(facts: Facts, folder: Path, tiles: list[tuple[str, bytes]], examples: list[Example]) -> None:
    """Write README.md and the pictures in card/ below ``folder``."""
    (folder / "card").mkdir(exist_ok=True)
    pictures.grid(tiles, folder / "card" / "spectrograms.png")
    rows = facts.outcome.facts
    labels = dict(Counter(row["label"] or "(no label)" for row in rows).most_common())
    pictures.bars("clips of each label", labels, folder / "card" / "labels.png")
    lengths = pictures.histogram([row["duration_s"] for row in rows], 0.5, "s")
    pictures.bars("length of the sound in a clip", lengths, folder / "card" / "lengths.png")
    levels = pictures.histogram([row["rms_db"] for row in rows], 5, "dB")
    pictures.bars("loudness (RMS) of a clip", levels, folder / "card" / "loudness.png")
    (folder / "README.md").write_text(front_matter(facts, folder) + body(facts, examples), encoding="utf-8")


def front_matter(facts: Facts, folder: Path) -> str:
    splits = [{"split": name, "path": f"data/{name}-*.parquet"} for name in ordered_splits(facts.split_of)]
    size = next((name for limit, name in SIZES if facts.outcome.kept < limit), "n>1M")
    values = {
        "pretty_name": facts.name,
        "license": licence_tag({row["licence"] for row in facts.outcome.facts}),
        "task_categories": ["text-to-audio", "text-to-image"],
        "tags": ["audio", "spectrogram", "stable-diffusion", "diffusers"],
        "size_categories": [size],
        "configs": [
            {
                "config_name": facts.preset,
                "default": True,
                "description": f"content {content_hash(folder)}",
                "data_files": splits,
            }
        ],
    }
    # JSON is YAML; one key a line keeps it readable.
    return "---\n" + "".join(f"{key}: {json.dumps(value)}\n" for key, value in values.items()) + "---\n"


def content_hash(folder: Path) -> str:
    """A hash of all shards.  ``datasets`` names its cache by the text of the configs, not by the files: a rebuilt
    dataset with the same text would be answered from the old cache, so the text has to hold this."""
    shards = sorted((folder / "data").glob("*.parquet"))
    return hashlib.sha256("".join(sha256_of(str(path)) for path in shards).encode()).hexdigest()[:12]


def licence_tag(licences: set[str]) -> str:
    """The Hub's name of the licence when all clips share one, else ``other``: the column ``licence`` rules."""
    if len(licences) != 1:
        return "other"
    text = next(iter(licences))
    if text.startswith("CC0"):
        return "cc0-1.0"
    found = CC.search(text)
    return f"cc-{found[1]}-{found[2]}".lower() if found else "other"


def body(facts: Facts, examples: list[Example]) -> str:
    splits = Counter(facts.split_of.values())
    counts = "\n".join(f"| {name} | {splits[name]} |" for name in ordered_splits(facts.split_of))
    params = facts.params
    return f"""
# {facts.name}

Sounds as spectrogram pictures with captions: {facts.outcome.kept} clips of {params.clip_seconds:.2f} s.

```python
from datasets import load_dataset

dataset = load_dataset("{facts.name}")      # from the folder that holds {facts.name}/, offline
row = dataset["train"][0]                   # row["image"] is a picture, row["caption"] its text
```

![spectrograms](card/spectrograms.png)

| split | clips |
|---|---|
{counts}

Clips of one recording are always in the same split (`splits.csv`).

## One row

{table(("column", "value"), facts.example.items())}

`image` is a PNG ({params.width} x {params.height}, row 0 is the highest band, white is a full-scale sine, black
{params.range_db:g} dB below), `audio` the FLAC that it shows; both carry everything needed to go back:

```python
from spectrogram.codec import SpectrogramCodec
from spectrogram.params import SpectrogramParams

params = SpectrogramParams.from_model("{facts.name}")       # reads spectrogram.json, codec {params.fingerprint}
audio, rate_hz = SpectrogramCodec(params).decode(row["image"])
```

{round_trip_text(examples)}

Columns other than `audio` need no audio decoder: `dataset.remove_columns("audio")`.

## What is in it

![labels](card/labels.png)
![loudness](card/loudness.png)
![lengths](card/lengths.png)

{table(("licence (column `licence`, clip by clip)", "clips"), common(facts, "licence"))}

## What was left out

{facts.outcome.sentence()} (each file with its reason in `drops.csv`).

{table(("reason", "files", "meaning"), reasons(facts.outcome))}

## How to build it again

```
{facts.command}
```
"""


def round_trip_text(examples: list[Example]) -> str:
    """What the way back costs, in figures and to the ear."""
    middle = statistics.median(example.distance_db for example in examples)
    rows = [
        (example.caption, ("sound", example.sound), ("decoded", example.decoded), f"{example.distance_db:.1f} dB")
        for example in examples
    ]
    head = ("caption", "the clip", "the clip after its picture", "log-spectral distance")
    return f"On these clips the way back costs {middle:.1f} dB (median):\n\n" + table(head, rows)


def common(facts: Facts, column: str) -> list[tuple[str, int]]:
    return Counter(row[column] or "(not stated)" for row in facts.outcome.facts).most_common()


def reasons(outcome: Outcome) -> list[tuple[str, int, str]]:
    return [(name, count, REASONS[name]) for name, count in outcome.reasons().most_common()]


def table(head: tuple[str, ...], rows) -> str:
    """A Markdown table; texts of others are kept from breaking it."""
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    lines += [" | ".join(cell(value) for value in row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def cell(value: object) -> str:
    """Text of a table cell; a pair is a link, everything else is kept from being Markdown or HTML."""
    if isinstance(value, tuple):
        return f"[{value[0]}]({value[1]})"
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("[", "&#91;").replace("|", "\\|").replace("\n", " ")
