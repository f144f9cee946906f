"""What a visitor uploads to teach the model: sounds, captions as a table or text files, or all of it as a zip."""

import csv
import io
import itertools
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dataset_builder.intake.captions import SOUND_SUFFIXES, read_entries
from dataset_builder.sources.sound_folder import safe
from spectrogram.problems import Problem, SoundProblem

TABLES = (".csv", ".tsv")
TEXTS = (".txt",)
USEFUL = (*SOUND_SUFFIXES, *TABLES, *TEXTS)
MOST_NOTES = 8
# What recorders, phones and editors call a file.
MACHINE_WORDS = {
    *("audio", "aud", "clip", "export", "file", "final", "mix", "new", "rec", "record", "recorded", "recorder"),
    *("recording", "recordings", "sample", "snd", "sound", "stereo", "take", "tape", "tmp", "track", "untitled", "wav"),
    *("wave", "voice", "voicememo", "memo", "dictaphone", "whatsapp", "ptt", "ptv", "zoom", "dji", "img", "vid"),
    *("video", "mov", "mvi", "msg", "aufnahme", "neue", "enregistrement", "nouvel", "grabación", "nueva"),
}
LEFT = "neither sound nor captions"
MOST_FILES = 3000
LARGEST_BYTES = 1 << 30
HEADERS = ["file", "caption", "label"]


@dataclass
class Collected:
    """Rows (file below `folder`/audio, caption, label), and what was left out with the reason."""

    folder: Path
    rows: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def collect(paths: list[str], folder: Path) -> Collected:
    """Copy what is useful of the uploaded files into `folder` and read the captions that came with it."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "audio").mkdir(parents=True)
    collected, given = Collected(folder), folder / "given"
    given.mkdir()
    for path in map(Path, paths):
        if path.suffix.lower() == ".zip":
            collected.notes += unpack(path, given)
        elif path.suffix.lower() in USEFUL:
            shutil.copyfile(path, given / path.name)
        else:
            collected.notes.append(f"{path.name}: {LEFT}")
    _take_rows(given, collected)
    shutil.rmtree(given)
    if not collected.rows:
        raise SoundProblem("no sound was found", f"files {', '.join(SOUND_SUFFIXES[:5])} …", "upload sounds or a zip")
    return collected


def unpack(
    path: Path, given: Path, suffixes: tuple[str, ...] = USEFUL, largest_bytes: int = LARGEST_BYTES
) -> list[str]:
    """Write the files with these endings of a zip below `given`; notes on what was left out.

    Names that leave the folder are left out; zips that swell are refused with a Problem before anything is written.
    """
    notes: list[str] = []
    given.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir() and not _strange(entry)]
            wanted = [entry for entry in entries if Path(entry.filename).suffix.lower() in suffixes]
            names = (Path(entry.filename) for entry in entries)
            notes += _named(name for name in names if name.suffix.lower() not in suffixes)
            if len(wanted) > MOST_FILES or sum(entry.file_size for entry in wanted) > largest_bytes:
                told = f"{MOST_FILES} files and {largest_bytes >> 20} MB at most when unpacked"
                raise Problem(f"{path.name} is too large", told, "split it")
            for entry in wanted:
                _unpack_one(archive, entry, given)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, zlib.error, EOFError, OSError) as error:
        if isinstance(error, Problem):
            raise
        raise Problem(f"{path.name} cannot be unpacked ({error})", "a plain zip file", "zip it again") from error
    return notes


def _named(names: Iterator[Path]) -> list[str]:
    """One note for each of the first files that are left out, and the number of the others."""
    notes = [f"{name.name[:80]}: {LEFT}" for name in itertools.islice(names, MOST_NOTES)]
    more = sum(1 for _ in names)
    return notes + ([f"{more} more files: {LEFT}"] if more else [])


def _strange(entry) -> bool:
    """Hidden files and names that lead out of the folder; a Mac's own notes are of this kind."""
    name = Path(entry.filename)
    hidden = any(part.startswith((".", "__")) for part in name.parts)
    return name.is_absolute() or ".." in name.parts or hidden


def _unpack_one(archive, entry, given: Path):
    name = Path(entry.filename)
    target = given.joinpath(*(part[-100:] for part in name.parts))
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file)


def _take_rows(given: Path, collected: Collected):
    """Rows from the table, the texts beside the sounds, the names of class folders, or the file names at last."""
    sounds = sorted(path for path in given.rglob("*") if path.suffix.lower() in SOUND_SUFFIXES)
    if len(sounds) > MOST_FILES:
        raise Problem(f"{len(sounds)} sounds were uploaded", f"at most {MOST_FILES}", "use the command line for more")
    captions = _captions(given, collected)
    for sound in sounds:
        name = safe(sound.relative_to(given).with_suffix("").as_posix()) + sound.suffix.lower()
        shutil.move(sound, collected.folder / "audio" / name)
        caption, label = captions.get(sound.resolve(), (_words(sound), ""))
        collected.rows.append([name, caption, label])


def _captions(given: Path, collected: Collected) -> dict[Path, tuple[str, str]]:
    """(caption, label) of each sound, as far as the upload tells."""
    tables = [path for path in given.rglob("*") if path.suffix.lower() in TABLES]
    sources = tables or list({path.parent for path in given.rglob("*.txt")}) or [given]
    found = {}
    for source in sources:
        try:
            entries = read_entries(source, source.parent if source.is_file() else None, overlap=True)
        except Problem as problem:
            if tables:
                collected.notes.append(f"{source.name}: {problem.sentences}")
            continue
        for entry in entries:
            here = Path(entry.path).resolve()
            # A sound that lies in no folder of its own is not called after the folder that we put it into.
            ours = given.name in (*entry.captions[:1], entry.label) and here.parent == given.resolve()
            if entry.captions and entry.captions[0] and not ours:
                found[here] = (entry.captions[0], entry.label)
    return found


def _words(sound: Path) -> str:
    """A first caption from the file's own name: "owl_hooting_03.wav" becomes "owl hooting".

    Names that a machine gave ("Recording (3)", "VID_2031") say nothing of what is heard: then it is left to the person.
    """
    letters = "".join(letter if letter.isalpha() else " " for letter in sound.stem)
    words = letters.lower().split()
    return "" if all(word in MACHINE_WORDS or len(word) < 3 for word in words) else " ".join(words)


def write_table(folder: Path, rows: list[list[str]]) -> Path:
    """metadata.csv of the rows as a person edited them; files that are not there any more are left out."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file_name", "caption", "label"])
    for name, caption, label in rows:
        file = folder / "audio" / Path(str(name)).name
        if file.is_file():
            writer.writerow([f"audio/{file.name}", str(caption or "").strip(), str(label or "").strip()])
    table = folder / "metadata.csv"
    table.write_text(text.getvalue(), encoding="utf-8")
    return table
