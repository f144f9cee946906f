"""Step two of Fine-tune: the uploaded rows become a dataset, and every row gets a verdict and can be heard."""

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from dataset_builder.build import Settings, build
from dataset_builder.card.examples import COUNT
from dataset_builder.intake.captions import read_entries
from space.store.clips import ClipStore
from space.store.uploads import write_table
from space.store.views import file_address
from spectrogram.files.templates import fill_html
from spectrogram.problems import Problem, SoundProblem

VERDICTS, TRIPS = (Path(__file__).with_name(name) for name in ("verdicts.html", "trips.html"))
ENOUGH_CLIPS = 10
SHOWN_ROWS = 200
# What the builder's reasons mean for somebody who recorded the sound.
REASONS = {
    "silent": "silent: louder than −60 dB is needed",
    "short": "too short: at least 1 s is needed",
    "unreadable": "cannot be read as sound",
    "caption": "has no caption",
    "duplicate": "sounds the same as another row",
    "missing": "the file is missing",
}


@dataclass(frozen=True)
class Verdict:
    """What became of one row: `reason` is empty when it was kept."""

    file: str
    caption: str
    reason: str
    sound: Path


def check_rows(
    rows: list[list[str]], upload: Path, dataset: Path, preset: str
) -> Iterator[tuple[int, int] | list[Verdict]]:
    """Build the dataset; (done, total) while it works, at last the verdicts in the order of the rows.

    Raises Problem when no row can be used.
    """
    events: queue.SimpleQueue = queue.SimpleQueue()

    def work():
        try:
            events.put(_build(rows, upload, dataset, preset, lambda *done: events.put(done)))
        except Problem as problem:
            events.put(problem)
        finally:
            events.put(None)

    threading.Thread(target=work, daemon=True).start()
    for event in iter(events.get, None):
        if isinstance(event, Problem):
            raise event
        yield event


def _build(rows: list[list[str]], upload: Path, dataset: Path, preset: str, report) -> list[Verdict]:
    table = write_table(upload, rows)
    entries = read_entries(table, upload)
    if not entries:
        raise SoundProblem("the table is empty", "a sound and a caption in each row", "upload sounds first")
    settings = Settings(
        presets=(preset,), replace=True, shares={"train": 0.9, "validation": 0.1, "test": 0.0}, workers=1
    )

    def told(done: int, total: int | None = None):
        report(min(done, len(entries)), len(entries))

    outcome = build(entries, dataset, settings, told)[preset]
    dropped = {Path(drop["path"]).name: drop["reason"] for drop in outcome.drops}
    verdicts = []
    for name, caption, _ in rows:
        file = upload / "audio" / Path(str(name)).name
        verdicts.append(Verdict(file.name, str(caption or ""), dropped.get(file.name, ""), file))
    return verdicts


def verdicts_html(verdicts: list[Verdict], store: ClipStore) -> str:
    """A table with one row a sound: player, caption, verdict."""
    rows = [_row(verdict, store) for verdict in verdicts[:SHOWN_ROWS]]
    return fill_html(VERDICTS, rows=rows, more=len(verdicts) - SHOWN_ROWS)


def _row(verdict: Verdict, store: ClipStore) -> dict:
    player = audio_html(store.lend(verdict.sound), f"Player: {verdict.file}") if verdict.sound.is_file() else ""
    reason = REASONS.get(verdict.reason, verdict.reason)
    return {"file": verdict.file, "caption": verdict.caption, "reason": reason, "player": player}


def audio_html(path: Path, label: str) -> Markup:
    player = Markup('<audio controls preload="none" src="{}" aria-label="{}"></audio>')
    return player.format(file_address(path), label)


def round_trip_html(dataset: Path, store: ClipStore) -> str:
    """The first clips as they were and as they come back from their pictures: what the model can learn at best."""
    trips = []
    for sound in sorted((dataset / "card").rglob("*.flac"))[: 2 * COUNT]:
        decoded = sound.with_name(f"{sound.stem}_decoded.flac")
        if decoded.is_file():
            sides = (("Original", sound), ("Through the picture", decoded))
            players = [(label, "", audio_html(store.lend(file), f"{label}: {sound.stem}")) for label, file in sides]
            trips.append({"name": sound.stem, "sides": players})
    told = "This is the best the model can learn: your sounds, turned into pictures and back."
    return fill_html(TRIPS, trips=trips, told=told, samples=False) if trips else ""


def summary(verdicts: list[Verdict]) -> tuple[str, tuple[str, ...]]:
    """("kept 38 of 40", notes): what a person should know before training."""
    kept = sum(not verdict.reason for verdict in verdicts)
    notes = []
    if kept < ENOUGH_CLIPS:
        notes.append(f"{kept} clips are few: from {ENOUGH_CLIPS} on a sound is learnt, from 40 on it gets variety.")
    if len({verdict.caption for verdict in verdicts if not verdict.reason}) == 1 and kept > 3:
        notes.append("All captions are the same: the model will make this sound, but cannot be asked for variants.")
    return f"Kept {kept} of {len(verdicts)}.", tuple(notes)
