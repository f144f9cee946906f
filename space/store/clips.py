"""Finished clips on disk: sound, true picture, coloured view and recipe, each in a folder with an unguessable name.

No text of a visitor enters a path. Old folders go when new ones come, so that the disk stays small.
"""

import hashlib
import os
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import soundfile
from PIL import Image

from space.jobs import Finished
from space.store.describe import describe_picture
from space.store.views import colour_picture
from space.store.visitors import current_address
from spectrogram.output import SpectrogramAudioOutput
from spectrogram.params import SpectrogramParams
from spectrogram.recipe import Recipe

FORMATS = ("wav", "flac", "ogg")
KEPT_S = 2 * 3600
KEPT_FOLDERS, KEPT_BYTES = 400, 4_000_000_000
CLEANED_EVERY_S = 2.0
WIDEST_VIEW = 2048


@dataclass(frozen=True)
class Clip:
    """One result: its files, how it was made, and what it looks like in words."""

    sound: str
    picture: str
    view: str
    recipe_file: str
    recipe: Recipe
    seconds: float
    seconds_taken: float | None
    described: str


class ClipStore:
    """Writes results below one folder and forgets them after two hours.

    What is too much goes sooner, from those who have most, the oldest first: nobody pushes out what others made. The
    folder may be cleaned by the system at any time and is then made anew.
    """

    def __init__(self, folder: str | Path):
        self._folder = Path(folder).resolve()
        self._lent: dict[tuple, Path] = {}
        self._owners: dict[str, str] = {}
        self._cleaned_s = 0.0

    @property
    def folder(self) -> Path:
        """Where everything lies, there whenever it is asked for."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder

    def keep(self, finished: Finished, suffix: str = "wav") -> list[Clip]:
        """Write all clips of a result; the folder's name is random, the files' names only tell the seed."""
        self.forget_old()
        output = SpectrogramAudioOutput(finished.images, finished.audios, finished.sampling_rate, finished.recipes)
        taken = finished.seconds_taken / len(finished.images)
        return [self._keep_one(output, i, suffix, taken) for i in range(len(finished.images))]

    def new_folder(self) -> Path:
        """An empty folder whose name nobody can guess."""
        if time.monotonic() - self._cleaned_s > CLEANED_EVERY_S:
            self.forget_old()
        folder = self.folder / secrets.token_urlsafe(16)
        folder.mkdir(mode=0o700)
        self._owners[folder.name] = current_address()
        return folder

    def lend(self, path: Path, coloured: bool = False) -> Path:
        """A link to a file of ours under a name that nobody can guess: only what is shown can be fetched.

        A picture may be `coloured`, as people see spectrograms everywhere on the page.
        """
        key = (str(path), path.stat().st_mtime_ns, coloured)
        lent = self._lent.get(key)
        if lent is None or not lent.is_file():
            lent = self.new_folder() / path.name
            if coloured:
                with Image.open(path) as picture:
                    colour_picture(picture, picture.width).save(lent)
            else:
                _link(path, lent)
            self._lent[key] = lent
        return lent

    def stop_file(self, session: str) -> Path:
        """The file whose presence stops the session's work; a hash, because a browser can call its session anything."""
        return self.folder / f"stop-{hashlib.sha256(session.encode(errors='replace')).hexdigest()[:32]}"

    def forget_old(self):
        """Delete what is older than two hours; beyond 400 folders or 4 GB the oldest of whoever has most."""
        self._cleaned_s = time.monotonic()
        owned: dict[str, list[_Kept]] = {}
        for entry in sorted(filter(None, map(_kept, self.folder.iterdir())), key=lambda one: one.written):
            if time.time() - entry.written > KEPT_S:
                self._forget(entry.path)
            elif entry.path.is_dir():
                owned.setdefault(self._owners.get(entry.path.name, ""), []).append(entry)
        while (too_many := sum(map(len, owned.values())) > KEPT_FOLDERS) or sum(
            map(_size, owned.values())
        ) > KEPT_BYTES:
            oldest = max(owned.values(), key=len if too_many else _size).pop(0)
            self._forget(oldest.path)

    def _forget(self, entry: Path):
        self._owners.pop(entry.name, None)
        shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)

    def _keep_one(self, output: SpectrogramAudioOutput, i: int, suffix: str, seconds_taken: float) -> Clip:
        folder = self.new_folder()
        name = f"sound-{output.recipes[i].seed}"
        sound, picture = output.save(folder / f"{name}.{suffix if suffix in FORMATS else 'wav'}", i)
        return describe_files(sound, picture, folder, seconds_taken)


@dataclass(frozen=True)
class _Kept:
    """A folder or file of the store, when it was written and how large it is."""

    path: Path
    written: float
    size: int


def _kept(path: Path) -> _Kept | None:
    """None for what was deleted in between."""
    try:
        files = [path, *path.iterdir()] if path.is_dir() else [path]
        return _Kept(path, path.stat().st_mtime, sum(file.stat().st_size for file in files))
    except OSError:
        return None


def _size(entries: list[_Kept]) -> int:
    return sum(entry.size for entry in entries)


def _link(path: Path, lent: Path):
    try:
        os.link(path, lent)
    except OSError:
        # Another disk, or one without links.
        shutil.copyfile(path, lent)


def describe_files(sound: Path, picture: Path, folder: Path, seconds_taken: float | None = None) -> Clip:
    """A Clip from a sound and its picture; the view and the recipe are written into `folder`."""
    recipe = Recipe.read(picture)
    seconds = soundfile.info(sound).duration
    with Image.open(picture) as image:
        image.load()
        params = SpectrogramParams.from_image(image)
    columns = min(image.width, max(1, round(seconds * image.width / params.clip_seconds)))
    view, recipe_file = folder / f"{sound.stem}-view.png", folder / f"{sound.stem}-recipe.json"
    coloured = colour_picture(image, columns)
    if coloured.width > WIDEST_VIEW:
        coloured = coloured.resize((WIDEST_VIEW, coloured.height))
    coloured.save(view)
    recipe_file.write_text(recipe.to_json(), encoding="utf-8")
    described = describe_picture(image, params, seconds)
    return Clip(str(sound), str(picture), str(view), str(recipe_file), recipe, seconds, seconds_taken, described)
