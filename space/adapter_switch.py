"""What Fine-tune made, switched on and off: a LoRA (DreamBooth's too), a learned word, or an aesthetic."""

from pathlib import Path

from spectrogram.adapters import WEIGHTS_FILE, find_adapter
from spectrogram.problems import Problem

LORA, WORD, AESTHETIC = KINDS = (WEIGHTS_FILE, "learned_embeds.safetensors", "aesthetic.safetensors")


class AdapterSwitch:
    """The folders below `folder`, as training writes them, by name; at most one is in use."""

    def __init__(self, pipeline, folder: str | Path):
        self.pipeline, self.folder = pipeline, Path(folder)
        self._loaded: tuple | None = None

    def names(self) -> list[str]:
        """Names that can be chosen, found anew each time: training may have added one."""
        return sorted({file.parent.name for kind in KINDS for file in self.folder.glob(f"*/{kind}")})

    def use(self, name: str | None, scale: float):
        """Switch to one, or to none. A warm worker may still hold the last visitor's. A word and an aesthetic have no
        scale. Raises Problem for a name that is not there and a file that is refused."""
        if name not in (None, *self.names()):
            raise Problem(f"adapter {name!r} is gone", f"one of {', '.join(self.names()) or 'none'}", "reload the page")
        wanted = None if name is None else self._identity(name)
        if wanted != self._loaded:
            self._put_away()
            if wanted is not None:
                self._load(Path(wanted[0]))
                self._loaded = wanted
        if wanted is not None and Path(wanted[0]).name == LORA:
            self.pipeline.set_adapters(["chosen"], [scale])

    def _load(self, file: Path):
        if file.name == LORA:
            self.pipeline.load_lora_weights(find_adapter(file), adapter_name="chosen")
        elif file.name == WORD:
            self.pipeline.load_textual_inversion(file)
        else:
            self.pipeline.load_aesthetic(file)

    def _put_away(self):
        self.pipeline.unload_lora_weights()
        self.pipeline.unload_aesthetic()
        self.pipeline.unload_textual_inversion()
        self._loaded = None

    def _identity(self, name: str) -> tuple:
        """What tells one file from another: training may have written a new one under the same name."""
        file = next(file for kind in KINDS if (file := self.folder / name / kind).is_file())
        state = file.stat()
        return str(file), state.st_mtime_ns, state.st_size
