"""Which of the adapters in a folder a request is made with: a LoRA, a word or an aesthetic, or none of them.

Every request says it anew: what the last visitor chose is put away before anything is made.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from model_card.taught import METHODS
from spectrogram.adapters.aesthetic import STEPS, Aesthetic
from spectrogram.adapters.safetensors_file import read_header
from spectrogram.ears.clip import open_ear
from spectrogram.problems import Problem
from spectrogram.recipe import Recipe

# The files that training leaves, in the order in which a folder is searched.
LORA, WORD, AESTHETIC = KINDS = tuple(METHODS[name].result.file for name in ("lora", "textual_inversion", "aesthetic"))
# What recipes call the folder of a word or an aesthetic, and its strength; of a LoRA the pipeline itself tells.
NAME_KEY, SCALE_KEY = "taught", "taught_scale"


@dataclass(frozen=True)
class Taught:
    """One adapter: its folder's `name`, its `file`, and the `word` that prompts must hold ("" where none is needed)."""

    name: str
    file: Path
    word: str = ""

    @property
    def kind(self) -> str:
        return self.file.name

    @property
    def label(self) -> str:
        """What the page calls it."""
        more = {LORA: "", WORD: f" (the word {self.word})", AESTHETIC: " (aesthetic)"}
        return self.name + more[self.kind]

    @property
    def identity(self) -> tuple:
        """What tells one file from another: training may have written a new one under the same name."""
        state = self.file.stat()
        return self.name, self.kind, state.st_mtime_ns, state.st_size


def taught_in(folder: Path) -> Taught | None:
    """What a run's folder holds; None for nothing that can be used."""
    file = next((folder / kind for kind in KINDS if (folder / kind).is_file()), None)
    if file is None:
        return None
    word = ""
    if file.name == WORD:
        try:
            word = str(read_header(file).get("__metadata__", {}).get("token", ""))
        except Problem:
            # It stays in the list, and whoever chooses it is told what is wrong with it.
            word = "?"
    return Taught(folder.name, file, word)


def adapter_of(recipe: Recipe) -> tuple[str | None, float | None]:
    """(name, strength) of the LoRA, word or aesthetic that a clip was made with."""
    if recipe.adapter:
        return recipe.adapter, recipe.adapter_scale
    return recipe.settings.get(NAME_KEY), recipe.settings.get(SCALE_KEY)


class AdapterSwitch:
    """Switches one pipeline between what lies in the sub-folders of `folder`."""

    def __init__(self, pipeline, folder: str | Path):
        self.pipeline, self.folder = pipeline, Path(folder)
        self.current: Taught | None = None
        # What lies in the pipeline; () while that is not known, because a loading did not come to its end.
        self._loaded: tuple | None = None
        self._ear = None

    def all(self) -> dict[str, Taught]:
        """What can be chosen, by name, found anew each time: training may have added one."""
        found = filter(None, map(taught_in, sorted(self.folder.glob("*/"))))
        return {taught.name: taught for taught in found}

    def use(self, name: str | None, scale: float, on_step: Callable[[int, int], None] | None = None):
        """Switch to an adapter, or to none. Raises Problem for one that is gone or unusable."""
        there = self.all()
        if name not in (None, *there):
            raise Problem(f"adapter {name!r} is gone", f"one of {', '.join(there) or 'none'}", "reload the page")
        wanted = None if name is None else there[name]
        # An aesthetic holds what is told of its steps, which is this request's own.
        if self._loaded is not None and (wanted is None or wanted.identity != self._loaded or wanted.kind == AESTHETIC):
            self._put_away()
        if wanted is not None and self._loaded is None:
            self._loaded = ()
            self._load(wanted, scale, on_step)
            self._loaded = wanted.identity
        self.current = wanted
        if wanted is not None and wanted.kind == LORA:
            self.pipeline.set_adapters(["chosen"], [scale])

    def _load(self, taught: Taught, scale: float, on_step):
        if taught.kind == LORA:
            self.pipeline.load_lora_weights(taught.file, adapter_name="chosen")
        elif taught.kind == WORD:
            self.pipeline.load_textual_inversion(taught.file)
        else:
            self._load_aesthetic(taught, scale, on_step)

    def _load_aesthetic(self, taught: Taught, scale: float, on_step):
        """The strength is the number of steps that a prompt is moved by."""
        aesthetic = Aesthetic.read(taught.file)
        through = "words" if aesthetic.others is None else "picture"
        self._ear = self._ear or open_ear(self.pipeline.name_or_path, str(self.pipeline.device))
        steps = round(STEPS[through] * scale)
        self.pipeline.load_aesthetic(aesthetic, steps, ear=self._ear, through=through, on_step=on_step)

    def _put_away(self):
        """The base alone again, whichever kind was there; also after a loading that failed half-way."""
        self._loaded = self.current = None
        self.pipeline.unload_lora_weights()
        self.pipeline.unload_textual_inversion()
        self.pipeline.unload_aesthetic()

    def unheard_word(self, texts: list[str]) -> str:
        """The word in use when no text has it, so that nothing of it can be heard; "" otherwise."""
        word = self.current.word if self.current else ""
        return word if word and not any(word in text for text in texts) else ""

    def name_in(self, recipe: Recipe, scale: float) -> Recipe:
        """The recipe with the folder's name of a word or an aesthetic, so that the page finds it again."""
        if self.current is None or self.current.kind == LORA:
            return recipe
        named = {NAME_KEY: self.current.name} | ({SCALE_KEY: scale} if self.current.kind == AESTHETIC else {})
        return recipe.replace(settings=recipe.settings | named)
