"""Where the page keeps what outlives a request: adapters, datasets and uploads, each in a folder of its own."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from spectrogram.files.dataset_folder import is_dataset
from spectrogram.problems import UsageProblem

# The folders in front of a file's own name; addresses and markup hold slashes too.
FOLDERS = re.compile(r"(?<![\w:/<.])(?:/(?:[^\s/'\"<>]+/)+|[A-Za-z]:\\(?:[^\s\\'\"<>]+\\)+)")
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


class Places:
    """Folders that were named when the page was opened; nothing is looked for anywhere else.

    Args:
        runs: Folder of adapters, each a sub-folder, as training writes them.
        datasets: Folder of the datasets that the page builds.
        shown: Further built datasets, wherever they lie, to browse and to measure against.
    """

    def __init__(self, runs: str | Path, datasets: str | Path, shown: Iterable[str | Path] = ()):
        self.runs, self.datasets_folder = Path(runs).resolve(), Path(datasets).resolve()
        self.shown = tuple(Path(folder).resolve() for folder in shown)

    def datasets(self, own: bool = True) -> dict[str, Path]:
        """Built datasets by name, the newest first; without the owner's `own` only those that are shown to all."""
        found = [*(self.datasets_folder.glob("*/") if own else ()), *self.shown]
        built = [folder for folder in found if is_dataset(folder)]
        built.sort(key=lambda folder: folder.stat().st_mtime, reverse=True)
        return {folder.name if folder.parent == self.datasets_folder else f"{folder.parent.name}/{folder.name}": folder
                for folder in built}  # fmt: skip

    def dataset(self, name: str, visitor: str | None = None) -> Path:
        """Where the dataset of that name is built; a visitor's lies apart and is shown to nobody else."""
        return self._of(self.datasets_folder, visitor) / checked(name)

    def upload(self, name: str, visitor: str | None = None) -> Path:
        return self._of(self.datasets_folder / ".uploads", visitor) / checked(name)

    @staticmethod
    def _of(folder: Path, visitor: str | None) -> Path:
        if visitor is None:
            return folder
        return folder / ".visitors" / hashlib.sha256(visitor.encode()).hexdigest()[:32]

    def run(self, name: str) -> Path:
        return self.runs / checked(name)


def without_paths(text: str) -> str:
    """The text with files named by their last part: where they lie on this server is nobody's affair."""
    return FOLDERS.sub("", text)


def checked(name: str) -> str:
    """The name when it can be a folder and a repository; raises UsageProblem otherwise."""
    name = (name or "").strip()
    if not NAME.fullmatch(name):
        raise UsageProblem("the name cannot be used", "small letters, digits and hyphens, at most 40", "try rain-roof")
    return name
