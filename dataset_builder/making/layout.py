"""Where things lie in a finished dataset: data/CONFIG/SPLIT-*.parquet, and at the top what all configs share.

A config is one way to draw the same sounds (a codec preset).  The first one that was asked for is the default, and
the ``spectrogram.json`` at the top is its own.
"""

from __future__ import annotations

import json
from pathlib import Path

from dataset_builder.making.splits import FILE as SPLITS_FILE
from dataset_builder.making.splits import NAMES
from spectrogram.problems import Problem, UsageProblem

SETTINGS_FILE = "settings.json"
CARD = "card"
REMEDY = "build one: python -m dataset_builder FOLDER_OR_CSV"


def data_folder(dataset: Path, config: str) -> Path:
    return Path(dataset) / "data" / config


def configs(dataset: Path) -> list[str]:
    """Names of the configs, the default first; raises Problem (4) for a folder without a dataset of this package."""
    found = {path.parent.name for path in Path(dataset).glob("data/*/*.parquet")}
    if not found:
        raise Problem(f"{dataset} holds no data/*/*.parquet", "expected a dataset of this package", REMEDY)
    settings = Path(dataset) / SETTINGS_FILE
    stated = json.loads(settings.read_text(encoding="utf-8"))["presets"] if settings.is_file() else []
    return [name for name in stated if name in found] + sorted(found - set(stated))


def shards(dataset: Path, config: str, split: str = "*") -> list[Path]:
    """Parquet files of one config, of one split or (train first) of all."""
    found = data_folder(dataset, config).glob(f"{split}-*-of-*.parquet")
    return sorted(found, key=lambda path: (split_rank(split_of(path)), path.name))


def split_of(shard: Path) -> str:
    return shard.name.rsplit("-", 3)[0]


def split_rank(name: str) -> tuple[int, str]:
    return (NAMES.index(name) if name in NAMES else len(NAMES)), name


def refuse_loss(out: Path, presets: tuple[str, ...], replace: bool) -> None:
    """Raise UsageProblem when building ``out`` would remove what is no part of this build.

    That is: a folder that is no dataset of this package at all, or one with further configs (unless ``replace``).
    """
    out = Path(out)
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not (out / SPLITS_FILE).is_file() or not (out / "README.md").is_file():
        raise UsageProblem(f"{out} holds other files", "expected a new folder or a dataset built here", "another --out")
    lost = [name for name in (configs(out) if any(out.glob("data/*/*.parquet")) else []) if name not in presets]
    if lost and not replace:
        both = ",".join([*lost, *presets])
        raise UsageProblem(
            f"{out} has the config {', '.join(lost)}, which this build would remove",
            f"expected --preset {both} (all side by side)",
            "or --replace, or another --out",
        )
