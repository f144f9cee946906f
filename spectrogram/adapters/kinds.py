"""The kinds of adapters: their files, their flags, and the line of Python that uses them. One row a kind.

Pipeline, commands, page, training and card read this table; nothing heavy is imported for it.
"""

from dataclasses import dataclass
from pathlib import Path

from spectrogram.problems import Problem

SUFFIX = ".safetensors"


class AdapterProblem(Problem):
    """An adapter that is refused."""


@dataclass(frozen=True)
class Kind:
    """`file` is what training leaves in its folder; `name` is for people, `flag` for commands."""

    name: str
    file: str
    flag: str
    method: str

    def find(self, path: str | Path) -> Path:
        """The one file that a path means: itself, or the adapter of this kind in the folder that training wrote."""
        path = Path(path)
        if path.is_dir():
            return self._in_folder(path)
        if not path.is_file():
            raise AdapterProblem(
                f"{self.name} {path} does not exist", f"runs/NAME or a {SUFFIX} file", f"check {self.flag}"
            )
        if path.suffix.lower() != SUFFIX:
            raise AdapterProblem(
                f"{path.name} is not a {SUFFIX} file",
                "safetensors, because other formats can run code when they are loaded",
                "convert it once with python -m training convert FILE",
            )
        return path

    def _in_folder(self, folder: Path) -> Path:
        file = folder / self.file
        if file.is_file():
            return file
        # A folder of somebody else's: one file is that file, but never one of another kind.
        others = {kind.file for kind in KINDS} - {self.file}
        found = [file for file in sorted(folder.glob(f"*{SUFFIX}")) if file.name not in others]
        if len(found) != 1:
            raise AdapterProblem(
                f"{folder} holds {len(found)} safetensors files", f"a folder with {self.file}", "name the file itself"
            )
        return found[0]

    def call(self, where: str, **settings: str) -> str:
        """The line of Python that makes `pipe` use it; `where` and the settings are Python themselves."""
        more = "".join(f", {name}={value}" for name, value in settings.items())
        return f"pipe.{self.method}({where}{more})"

    def name_of(self, file: Path) -> str:
        """What people call an adapter: its folder's name where training named the file, else the file's."""
        return file.resolve().parent.name if file.name == self.file else file.stem


LORA = Kind("adapter", "pytorch_lora_weights.safetensors", "--lora", "load_lora_weights")
WORD = Kind("embedding", "learned_embeds.safetensors", "--embedding", "load_textual_inversion")
AESTHETIC = Kind("aesthetic", "aesthetic.safetensors", "--aesthetic", "load_aesthetic")
# In the order in which a folder is searched.
KINDS = (LORA, WORD, AESTHETIC)


def kind_in(folder: Path) -> Kind | None:
    """The kind of adapter that training left in a folder; None for nothing that can be used."""
    return next((kind for kind in KINDS if (folder / kind.file).is_file()), None)
