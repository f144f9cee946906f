"""The dataset's README: front matter that makes ``load_dataset`` work, and the facts a user of the data must know."""

from __future__ import annotations

import hashlib
import json
import re
import statistics
from collections import Counter
from pathlib import Path

from dataset_builder.card import pictures
from dataset_builder.making.clip import REASONS
from dataset_builder.making.row import SCHEMA
from dataset_builder.making.shard import Outcome, ordered_splits
from spectrogram.files.dataset_folder import CARD, shards
from spectrogram.files.digest import sha256_of

CC = re.compile(r"CC[ -](BY(?:-NC)?(?:-SA|-ND)?)[ -](\d\.\d)", re.IGNORECASE)
CAPTIONS = {
    "all": "All wordings of a clip are kept ({captions} in all): `captions` holds them, `caption` is the first.",
    "first": "Of several wordings of a clip the first was kept.",
    "random": "Of several wordings of a clip one was kept, drawn from the seed.",
}
SHOWN = 3
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
    return "---\n" + "".join(f"{key}: {json.dumps(value)}\n" for key, value in values.items()) + "---\n"


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
    default = configs[0]
    params, outcome = default.params, default.outcome
    return f"""
# {name}

Sounds as spectrogram pictures with captions: {outcome.kept} clips of {params.clip_seconds:.2f} s.

```python
from datasets import load_dataset

dataset = load_dataset("{name}")      # from the folder that holds {name}/, offline
row = dataset["train"][0]             # row["image"] is a picture, row["caption"] its text
```

![spectrograms]({CARD}/{default.name}/spectrograms.png)

{config_text(name, configs)}

Clips of one recording are always in the same split (`splits.csv`), in every config.

## One row

{table(("column", "value"), example_row(outcome).items())}

`image` is a PNG ({params.width} x {params.height}, row 0 is the highest band, white is a full-scale sine, black
{params.range_db:g} dB below), `audio` the FLAC that it shows; both carry everything needed to go back:

```python
from spectrogram.codec import SpectrogramCodec
from spectrogram.params import SpectrogramParams

params = SpectrogramParams.from_model("{name}")       # reads spectrogram.json, codec {params.fingerprint}
audio, rate_hz = SpectrogramCodec(params).decode(row["image"])
```

`row["audio"]` itself is decoded by torchcodec, which needs FFmpeg's libraries (Debian: `apt install ffmpeg`, macOS:
`brew install ffmpeg`, Windows: `winget install Gyan.FFmpeg.Shared`). Without them, streamed or not:

```python
import io

import soundfile
from datasets import Audio

rows = dataset["train"].cast_column("audio", Audio(decode=False))
samples, rate_hz = soundfile.read(io.BytesIO(rows[0]["audio"]["bytes"]))
```

## What the way back costs

{"".join(round_trip_text(config) for config in configs)}
## What is in it

![labels]({CARD}/labels.png)
![loudness]({CARD}/loudness.png)
![lengths]({CARD}/lengths.png)

{table(("licence (column `licence`, clip by clip)", "clips"), common(outcome, "licence"))}

{CAPTIONS[settings.wordings].format(captions=sum(len(row["captions"]) for row in outcome.facts))}

## What was left out

{outcome.sentence()}, of the default config (`drops.csv` has each file of every config with its reason).

{left_out(outcome)}
## How to build it again

```
{settings.command}
```

All settings, resolved, are in `settings.json`.
"""


def config_text(name: str, configs: list) -> str:
    """The table of configs and splits, and how a config is loaded by its name."""
    splits = list(dict.fromkeys(split for config in configs for split in ordered_splits(config.split_of)))
    rows = []
    for config in configs:
        counts, params = Counter(config.split_of.values()), config.params
        facts = (f"{params.width} x {params.height}", f"{params.sample_rate_hz} Hz", f"{params.clip_seconds:.2f} s")
        rows.append((config.name, *facts, *(counts[split] for split in splits)))
    text = table(("config", "picture", "rate", "length", *splits), rows)
    if len(configs) == 1:
        return text
    other = configs[1].name
    tiles = f"![spectrograms of {other}]({CARD}/{other}/spectrograms.png)"
    return f'{text}\n\nThe same sounds as `{other}`: `load_dataset("{name}", "{other}")`\n\n{tiles}'


def example_row(outcome: Outcome) -> dict:
    """One row as the card shows it, without the fingerprint that is no column of the dataset."""
    return {name: value for name, value in outcome.facts[0].items() if name in SCHEMA.names}


def round_trip_text(config) -> str:
    """What the way back costs, in figures, to the eye and to the ear."""
    middle = statistics.median(example.distance_db for example in config.examples)
    rows = [
        (example.caption, ("sound", example.sound), ("decoded", example.decoded), f"{example.distance_db:.1f} dB")
        for example in config.examples
    ]
    head = ("caption", "the clip", "the clip after its picture", "log-spectral distance")
    picture = f"![picture, picture of the decoded sound, difference]({CARD}/{config.name}/round_trip.png)"
    return f"`{config.name}`, {middle:.1f} dB (median of these clips):\n\n{table(head, rows)}\n\n{picture}\n\n"


def common(outcome: Outcome, column: str) -> list[tuple[str, int]]:
    return Counter(row[column] or "(not stated)" for row in outcome.facts).most_common()


def left_out(outcome: Outcome) -> str:
    return table(("reason", "files", "meaning"), reasons(outcome)) + "\n" if outcome.drops else ""


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
