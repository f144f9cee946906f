"""Training examples from folders with a metadata.csv: open licences, split by source recording, all drops counted."""

import csv
import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from metrics.judge_training.label_names import class_of, is_open
from spectrogram.problems import Problem

SYNTHETIC = "synthetic:"  # how a source_id begins when the sound was composed by a program
REQUIRED_COLUMNS = ("file_name", "label", "licence", "source_id")


class TrainingDataProblem(Problem):
    """A folder that cannot be trained on."""


@dataclass(frozen=True)
class Example:
    """One clip: its classes (two when two sounds were composed), its folder and whether it is held out for testing."""

    path: Path
    classes: tuple[str, ...]
    folder: str
    held_out: bool
    real: bool = True
    credit: str = ""


def read_examples(folders, test_share: float = 0.2, least_clips: int = 20) -> tuple[list[Example], Counter]:
    """Examples of all folders and a count of drops by reason.

    A source recording is wholly in training or wholly in the test. Classes with fewer than least_clips clips in all
    folders together are dropped: too few to learn and to test.
    """
    drops: Counter = Counter()
    examples = [example for folder in folders for example in _read_folder(Path(folder), test_share, drops)]
    sizes = Counter(name for example in examples for name in example.classes)
    kept = [example for example in examples if all(sizes[name] >= least_clips for name in example.classes)]
    drops["class too small"] += len(examples) - len(kept)
    if not kept:
        raise TrainingDataProblem(f"no example is left of {dict(drops)}", "open, labelled clips", "give other folders")
    return kept, drops


def _read_folder(folder: Path, test_share: float, drops: Counter) -> list[Example]:
    table = folder / "metadata.csv"
    if not table.is_file():
        raise TrainingDataProblem(f"{folder} has no metadata.csv", "a table of clips with labels", "check the folder")
    with open(table, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    missing = [name for name in REQUIRED_COLUMNS if not rows or name not in rows[0]]
    if missing:
        raise TrainingDataProblem(f"{table} lacks {', '.join(missing)}", ", ".join(REQUIRED_COLUMNS), "add the columns")
    composed = _composed_labels(folder / "strong_labels.jsonl")
    examples = []
    for row in rows:
        if not is_open(row["licence"]):
            drops[f"licence {row['licence']}"] += 1
            continue
        labels = composed.get(row["file_name"], (row["label"],))
        examples.append(
            Example(
                folder / row["file_name"],
                tuple(dict.fromkeys(class_of(label) for label in labels)),
                folder.name,
                _is_held_out(row["source_id"], test_share),
                not row["source_id"].startswith(SYNTHETIC),
                f"{row['licence']}; {row.get('attribution', '')}; {row.get('source', '')}",
            )
        )
    return examples


def _composed_labels(path: Path) -> dict[str, tuple[str, ...]]:
    """{file name: labels of all its events} from strong labels, where a folder has them."""
    if not path.is_file():
        return {}
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {line["file_name"]: tuple(event["label"] for event in line["events"]) for line in lines}


def _is_held_out(source_id: str, test_share: float) -> bool:
    """Decided by the recording's identifier alone: the same on every machine and in every later run."""
    return int(hashlib.sha256(source_id.encode()).hexdigest()[:8], 16) < test_share * 2**32
