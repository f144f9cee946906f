"""A folder of composed sounds that builds into a dataset: audio/, metadata.csv, and strong labels in three forms.

jams/ holds one document a sound, strong_labels.csv one row an event, strong_labels.jsonl one line a sound.
"""

from __future__ import annotations

import csv
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import numpy as np

from dataset_builder.soundscapes.labels import COLUMNS as LABEL_COLUMNS
from dataset_builder.soundscapes.labels import Event, csv_rows, jams, with_measured
from spectrogram import json_text
from spectrogram.files import json_file
from spectrogram.files.audio import write_audio

COLUMNS = ("file_name", "caption", "label", "licence", "source", "attribution", "source_id", "split", "more_captions")


class SceneFolder:
    """``add`` one sound after the other inside ``with SceneFolder(out) as folder``."""

    def __init__(self, out: Path, more_columns: tuple[str, ...] = ()) -> None:
        self.out, self.columns = Path(out), (*COLUMNS, "events", *more_columns)

    def __enter__(self) -> Self:
        for name in ("audio", "jams"):
            (self.out / name).mkdir(parents=True, exist_ok=True)
        self.stack = ExitStack()
        self.metadata = self.table("metadata.csv", self.columns)
        self.labels = self.table("strong_labels.csv", LABEL_COLUMNS)
        self.lines = self.stack.enter_context((self.out / "strong_labels.jsonl").open("w", encoding="utf-8"))
        return self

    def __exit__(self, *error: object) -> None:
        self.stack.close()

    def table(self, name: str, columns: tuple[str, ...]) -> csv.DictWriter:
        file = self.stack.enter_context((self.out / name).open("w", encoding="utf-8", newline=""))
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        return writer

    def add(
        self, stem: str, audio: np.ndarray, rate_hz: int, facts: dict, events: list[Event], seconds: float, about: dict
    ) -> None:
        """Write samples, (samples,) or (channels, samples), as audio/STEM.flac with their row and their events.

        ``seconds`` is the length of the sound, ``about`` goes into the JAMS document (captions, seed).
        """
        name = f"audio/{stem}.flac"
        channels = np.atleast_2d(audio)
        write_audio(self.out / name, channels, rate_hz)
        # The first channel of Ambisonics is the whole; the others have no sound of their own.
        heard = channels[0] if len(channels) == 4 else channels.mean(axis=0)
        events = with_measured(events, heard, rate_hz)
        document, labels = jams(f"{stem}.flac", seconds, events, about), csv_rows(events)
        json_file.write(self.out / "jams" / f"{stem}.jams", document)
        told = json_text.dumps([described(event) for event in events], ensure_ascii=False)
        self.metadata.writerow({"file_name": name, "events": told, **facts})
        self.labels.writerows({"file_name": name, **label} for label in labels)
        heard = [label for label in labels if label["role"] == "foreground"]
        times = [{key: label[key] for key in ("label", "onset_s", "offset_s")} for label in heard]
        self.lines.write(json_text.dumps({"file_name": name, "events": times}) + "\n")


def described(event: Event) -> dict:
    """An event as the table's column ``events`` holds it: label, times, role, and what a caption calls it."""
    told = {"label": event.label, "onset_s": round(event.onset_s, 3), "offset_s": round(event.offset_s, 3)}
    phrase = event.facts.get("phrase")
    return told | {"role": event.role} | ({"phrase": phrase} if phrase else {})
