"""Finished work in pieces: a build that is killed anywhere is taken up where it stopped and ends with the same bytes.

A plan cuts the entries into numbered pieces of 64.  A piece is done when its Parquet file has its final name; the file
holds the rows and, in its schema, the drops.  The name ends in a hash of all that the rows depend on (entries, files,
codec, policy), so that a piece of other settings is never taken for this one's.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow
from pyarrow import parquet

import spectrogram
from dataset_builder.intake.entries import Entry, fingerprint_of_file
from dataset_builder.making import augment
from dataset_builder.making.allocator import keep_freed_memory
from dataset_builder.making.clip import CutPolicy, Dropped, cuts, level_db
from dataset_builder.making.events import heard_in
from dataset_builder.making.row import PIECE_SCHEMA, row_of
from spectrogram import json_text
from spectrogram.codec import SpectrogramCodec
from spectrogram.files import atomic
from spectrogram.files.digest import sha256_of
from spectrogram.params import SpectrogramParams

ENTRIES_PER_PIECE = 64
# The files of this package on which a row depends (those of the codec: row_code).
ROW_CODE = {
    "intake": ("entries.py",),
    "making": ("augment.py", "clip.py", "events.py", "fingerprints.py", "piece.py", "row.py"),
}
READING = (
    "atomic", "audio", "digest", "endings", "ffmpeg", "headers/mp3", "headers/riff", "json_file", "pictures",
    "sound_file", "webui",
)  # fmt: skip
LIBRARIES = ("numpy", "scipy", "soundfile", "soxr", "pillow", "pyarrow")


@dataclass(frozen=True)
class Recipe:
    """How entries become rows: everything that changes a byte of them."""

    params: SpectrogramParams
    policy: CutPolicy

    def to_json(self) -> str:
        values = {"params": self.params.to_dict(), "policy": asdict(self.policy), "software": software_fingerprint()}
        return json_text.dumps(values, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        values = json.loads(text)
        return cls(SpectrogramParams.from_dict(values["params"]), CutPolicy(**values["policy"]))


def software_fingerprint() -> str:
    """A hash of the code that makes rows and of its libraries' versions: work of other software is not mixed in.

    Rooms that make no row, comments and docstrings are left out, so that a change of them discards no half-built set.
    """
    key = hashlib.sha256("\n".join(statements(path.read_text(encoding="utf-8")) for path in row_code()).encode())
    key.update(" ".join(f"{name} {number}" for name, number in library_versions().items()).encode())
    return key.hexdigest()[:16]


def row_code() -> list[Path]:
    """The files on which a row depends: what is read, what is cut, and how sound becomes a picture."""
    ours, theirs = Path(__file__).parents[1], Path(spectrogram.__file__).parent
    rows = [ours / folder / name for folder, names in ROW_CODE.items() for name in names]
    codec = [
        *(theirs / name for name in ("json_text.py", "params.py", "recipe.py")),
        *sorted((theirs / "codec").glob("*.py")),
    ]
    return [*rows, *codec, *(theirs / "files" / f"{name}.py" for name in READING)]


def statements(source: str) -> str:
    """Python source without comments and docstrings, in one layout."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and ast.get_docstring(
            node, clean=False
        ):
            node.body[0].value.value = ""
    return ast.unparse(tree)


def library_versions() -> dict[str, str]:
    return {name: version(name) for name in LIBRARIES}


def write_plan(folder: Path, entries: list[Entry], recipe: Recipe) -> int:
    """Write recipe and pieces of entries below ``folder``; returns how many pieces there are."""
    plan = folder / "plan"
    plan.mkdir(parents=True, exist_ok=True)
    for old in plan.iterdir():
        old.unlink()
    atomic.write_bytes(plan / "recipe.json", recipe.to_json().encode())
    for number, start in enumerate(range(0, len(entries), ENTRIES_PER_PIECE)):
        lines = "".join(entry.to_json() + "\n" for entry in entries[start : start + ENTRIES_PER_PIECE])
        atomic.write_bytes(plan / f"{number:06d}.jsonl", lines.encode())
    return len(list(plan.glob("*.jsonl")))


def build_shard(folder: Path, rank: int, world: int, report: Callable[[int], None] = lambda entries: None) -> int:
    """Build every ``world``-th piece from number ``rank`` on that is not done yet; returns how many were built.

    Pure in its result: any split of the pieces over ranks, machines and restarts leaves the same files.
    ``report`` is told the number of entries after each one that is finished.
    """
    return build_pieces(((folder, path) for path in planned_pieces(folder)[rank::world]), report)


def build_task(folder: str, rank: int, world: int) -> int:
    """One share of the pieces of every config; importable, so that any engine can send it to another machine."""
    return sum(build_shard(config, rank, world) for config in planned_folders(Path(folder)))


def planned_folders(work: Path) -> list[Path]:
    """The folders below a work folder that hold a plan, one for each config."""
    return sorted(path.parent.parent for path in Path(work).glob("*/plan/recipe.json"))


def planned_pieces(folder: Path) -> list[Path]:
    return sorted((Path(folder) / "plan").glob("*.jsonl"))


def build_pieces(planned: Iterable[tuple[Path, Path]], report: Callable[[int], None]) -> int:
    """Build the given (folder, planned piece) that are not done yet; returns how many were built."""
    keep_freed_memory()
    recipes: dict[Path, tuple[Recipe, SpectrogramCodec]] = {}
    built = 0
    for folder, path in planned:
        done = piece_path(folder, path)
        if done.exists():
            report(len(read_plan(path)))
            continue
        if folder not in recipes:
            recipe = Recipe.from_json((Path(folder) / "plan" / "recipe.json").read_text())
            recipes[folder] = recipe, SpectrogramCodec(recipe.params)
        write_piece(done, read_plan(path), *recipes[folder], report)
        built += 1
    return built


def piece_path(folder: Path, plan_file: Path) -> Path:
    """Where the rows of one planned piece lie when it is done."""
    key = hashlib.sha256((plan_file.parent / "recipe.json").read_bytes())
    for entry in read_plan(plan_file):
        key.update(f"{entry.to_json()} {fingerprint_of_file(entry.path)}\n".encode())
    return Path(folder) / "pieces" / f"{plan_file.stem}-{key.hexdigest()[:16]}.parquet"


def read_plan(path: Path) -> list[Entry]:
    # Not splitlines(): a caption may hold any of the line ends that str knows.
    return [Entry.from_json(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def finished_pieces(folder: Path) -> list[Path]:
    """All pieces of the plan in order; call it only when every rank has ended."""
    return [piece_path(folder, path) for path in planned_pieces(folder)]


def write_piece(
    path: Path, entries: list[Entry], recipe: Recipe, codec: SpectrogramCodec, report: Callable[[int], None]
) -> None:
    rows, drops = [], []
    for entry in entries:
        for found in rows_of(entry, recipe, codec):
            if isinstance(found, Dropped):
                drops.append({"clip_id": entry.clip_id, "place": entry.place(), "path": entry.name(), **asdict(found)})
            else:
                rows.append(found)
        report(1)
    schema = PIECE_SCHEMA.with_metadata({"drops": json_text.dumps(drops)})
    table = pyarrow.Table.from_pylist(rows, schema=schema)
    with atomic.replacing(path, table.nbytes) as unfinished:
        parquet.write_table(table, unfinished, compression="none")


def rows_of(entry: Entry, recipe: Recipe, codec: SpectrogramCodec) -> Iterator[dict | Dropped]:
    """Rows and drops of one entry: more than one only when its recording is cut into windows."""
    if not entry.captions:
        yield Dropped("caption", "no caption is given")
        return
    if not Path(entry.path).is_file():
        # A pipe or a device would be waited for, without end.
        there = Path(entry.path).exists()
        yield (
            Dropped("unreadable", "it is no plain file")
            if there
            else Dropped("missing", f"{entry.name()} is not there")
        )
        return
    sha256 = sha256_of(entry.path)
    if entry.sha256 and entry.sha256.lower() != sha256:
        yield Dropped("changed", f"sha256 is {sha256[:12]}…, the table says {entry.sha256[:12]}…")
        return
    if entry.augmentation:
        yield varied(entry, recipe, sha256, codec)
        return
    for index, clip in enumerate(cuts(entry.path, recipe.params, recipe.policy, entry.start_s, entry.seconds)):
        clip_id = entry.clip_id if index == 0 else f"{entry.clip_id}+{index}"
        if isinstance(clip, Dropped):
            yield clip
            continue
        true_of_clip, events = heard_in(entry, clip.start_s, clip.duration_s, recipe.policy.time_expansion)
        if true_of_clip is None:
            yield Dropped("unnamed", f"nothing that its labels name sounds from {clip.start_s:.2f} s on")
        else:
            yield row_of(true_of_clip, clip, clip_id, sha256, codec, events)


def varied(entry: Entry, recipe: Recipe, sha256: str, codec: SpectrogramCodec) -> dict | Dropped:
    """The row of a planned variation; where one of its sounds is unusable, that sound's own row says why."""
    plan = json.loads(entry.augmentation)
    policy = replace(recipe.policy, windows=False)
    clip = next(cuts(entry.path, recipe.params, policy, entry.start_s, entry.seconds))
    partner = next(cuts(plan["path"], recipe.params, policy, plan["start_s"])) if "path" in plan else None
    for found in (clip, partner):
        if isinstance(found, Dropped):
            return Dropped("variation", f"of a sound that is left out: {found.reason}")
    audio = augment.apply(clip.audio, plan, partner and partner.audio, recipe.params.sample_rate_hz)
    rms_db = level_db(float(np.sqrt(np.mean(audio.astype(np.float64) ** 2))))
    clip = replace(clip, audio=audio, duration_s=recipe.params.clip_seconds, rms_db=rms_db)
    told = json_text.dumps({name: value for name, value in plan.items() if name != "path"}, sort_keys=True)
    return row_of(replace(entry, augmentation=told), clip, entry.clip_id, sha256, codec)


def read_drops(path: Path) -> list[dict]:
    return json.loads(parquet.read_schema(path).metadata[b"drops"])
