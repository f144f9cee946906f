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

from dataset_builder.intake.captions import read_entries
from dataset_builder.sources.sound_folder import safe
from spectrogram.files import tables
from spectrogram.files.endings import SOUND_FILES, SOUNDS
from spectrogram.files.named_files import sounds_below
from spectrogram.files.names import checked_path
from spectrogram.problems import Problem, SoundProblem

TABLES = tables.SUFFIXES
TEXTS = (".txt", ".caption", ".json")
USEFUL = (*SOUNDS, *TABLES, *TEXTS)
MOST_NOTES = 8
LONGEST_PART = 200
# What recorders, phones and editors call a file.
MACHINE_WORDS = {
    *("audio", "aud", "clip", "export", "file", "final", "mix", "new", "rec", "record", "recorded", "recorder"),
    *("recording", "recordings", "sample", "snd", "sound", "stereo", "take", "tape", "tmp", "track", "untitled", "wav"),
    *("wave", "voice", "voicememo", "memo", "dictaphone", "whatsapp", "ptt", "ptv", "zoom", "dji", "img", "vid"),
    *("video", "mov", "mvi", "msg", "aufnahme", "neue", "enregistrement", "nouvel", "grabación", "nueva"),
    *("audiorecording", "mic", "monitor", "standard", "call", "easy", "tascam", "note", "notes", "voicenote", "rode"),
    *(
        "sprachmemo",
        "sprachaufnahme",
        "tonaufnahme",
        "aufzeichnung",
        "mémo",
        "vocal",
        "registrazione",
        "nuova",
        "gravação",
    ),
    *(
        "nova",
        "opname",
        "nieuwe",
        "inspelning",
        "ny",
        "nagranie",
        "nowe",
        "запись",
        "новая",
        "录音",
        "新录音",
        "録音",
        "新規録音",
    ),
    *("녹음", "새로운"),
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
        raise SoundProblem("no sound was found", SOUND_FILES, "upload sounds or a zip")
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
    try:
        path = checked_path("", _shortened(entry.filename))
    except Problem:
        return True
    return any(part.startswith((".", "__")) for part in path.parts)


def _shortened(name: str) -> str:
    """The name with the ends of those parts that are too long for a file system."""
    return "/".join(
        part[-60:] if len(part.encode(errors="replace")) > LONGEST_PART else part for part in name.split("/")
    )


def _unpack_one(archive, entry, given: Path):
    target = checked_path(given, _shortened(entry.filename))
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file)


def _take_rows(given: Path, collected: Collected):
    """Rows from the table, the texts beside the sounds, the names of class folders, or the file names at last."""
    sounds = sounds_below(given)
    if len(sounds) > MOST_FILES:
        raise Problem(f"{len(sounds)} sounds were uploaded", f"at most {MOST_FILES}", "use the command line for more")
    captions = _captions(given, collected)
    for sound in sounds:
        stem = safe(sound.relative_to(given).with_suffix("").as_posix())
        name = _free(collected.folder / "audio", stem, sound.suffix.lower())
        shutil.move(sound, collected.folder / "audio" / name)
        collected.rows.append([name, *captions.get(sound.resolve(), _from_names(sound, given))])


def _free(folder: Path, stem: str, suffix: str) -> str:
    """A name that no other file of the folder has: two uploads never become one."""
    names = (f"{stem}{more}{suffix}" for more in itertools.chain([""], (f"-{number}" for number in itertools.count(2))))
    return next(name for name in names if not (folder / name).exists())


def _captions(given: Path, collected: Collected) -> dict[Path, tuple[str, str]]:
    """(caption, label) of each sound of which a table or a text tells."""
    listed = [path for path in given.rglob("*") if path.suffix.lower() in TABLES]
    texts = {path.parent for path in given.rglob("*") if path.suffix.lower() in TEXTS}
    found = {}
    for source in listed or sorted(texts):
        try:
            entries = read_entries(source, source.parent if source.is_file() else None, overlap=True)
        except Problem as problem:
            if listed:
                collected.notes.append(f"{source.name}: {problem}")
            continue
        for entry in entries:
            told = bool(listed) or any(Path(entry.path).with_suffix(suffix).is_file() for suffix in TEXTS)
            if told and entry.captions and entry.captions[0]:
                found[Path(entry.path).resolve()] = (entry.captions[0], entry.label)
    return found


def _from_names(sound: Path, given: Path) -> tuple[str, str]:
    """(caption, label) from the folder that a person put a sound into, else a caption from its own name."""
    if sound.parent != given:
        folder = _words(sound.parent.name)
        return folder, folder
    return _words(sound.stem), ""


def _words(name: str) -> str:
    """What a name says: "owl_hooting_03" becomes "owl hooting", and "" where a machine gave it ("Recording (3)")."""
    words = "".join(letter if letter.isalpha() else " " for letter in name).lower().split()
    return "" if all(word in MACHINE_WORDS or (len(word) < 3 and word.isascii()) for word in words) else " ".join(words)


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
