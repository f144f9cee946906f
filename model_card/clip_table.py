"""The small metadata.csv that names a folder of clips: what each file should sound like."""

import csv
from pathlib import Path


def write_clips(folder, clips, suffix):
    """Write ``metadata.csv`` for clips {name, caption, label} that lie in ``audio/NAME`` + suffix; returns its path."""
    path = Path(folder) / "metadata.csv"
    with open(path, "w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table)
        writer.writerow(("file_name", "caption", "label"))
        writer.writerows((f"audio/{c['name']}{suffix}", c["caption"], c["label"]) for c in clips)
    return path


def read_clips(folder):
    """Rows of a folder's ``metadata.csv`` as dictionaries with file_name, caption and label."""
    with open(Path(folder) / "metadata.csv", encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))
