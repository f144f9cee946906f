"""Single weights of a base, read from its files when they are asked for: no network of it is ever whole in memory."""

import json
from collections.abc import Mapping
from pathlib import Path

from huggingface_hub import hf_hub_download
from huggingface_hub.errors import EntryNotFoundError
from safetensors import safe_open

from spectrogram.bases import locate_base, read_beside
from spectrogram.files.hub import asking
from spectrogram.problems import Problem

# What diffusers and transformers call the file of a network's weights.
FILES = {"unet": "unet/diffusion_pytorch_model.safetensors", "text_encoder": "text_encoder/model.safetensors"}
ENDING = ".weight"


class BaseWeights(Mapping):
    """{(part, layer): weight} of a base's UNet and text encoder; each access reads that one tensor.

    A folder's files are read where they lie, those of a Hub model in the Hub's cache.
    """

    def __init__(self, base):
        self.location = locate_base(base)
        self.places = {}
        for part, name in FILES.items():
            for file in self._files(name):
                with safe_open(file, framework="pt") as opened:
                    keys = [key for key in opened.keys() if key.endswith(ENDING)]  # noqa: SIM118 - it is no dict
                self.places |= {(part, layer_of(key)): (file, key) for key in keys}

    def __getitem__(self, layer):
        file, key = self.places[layer]
        with safe_open(file, framework="pt") as opened:
            return opened.get_tensor(key)

    def __iter__(self):
        return iter(self.places)

    def __len__(self):
        return len(self.places)

    def _files(self, name):
        """The one file of a network, or the several that an index beside it names."""
        index = read_beside(self.location, f"{name}.index.json")
        names = sorted(set(json.loads(index)["weight_map"].values())) if index else [Path(name).name]
        return [self._file(f"{Path(name).parent}/{one}") for one in names]

    def _file(self, name):
        if Path(self.location).is_dir():
            file = Path(self.location) / name
            found = file if file.is_file() else None
        else:
            with asking(f"{name} of {self.location} cannot be fetched"):
                try:
                    found = Path(hf_hub_download(self.location, name))
                except EntryNotFoundError:
                    found = None
        if found is None:
            raise Problem(f"{self.location} has no {name}", "a whole Stable Diffusion model", "check --base")
        return found


def layer_of(key: str) -> str:
    """A layer's name as adapters spell it; older files of text encoders begin with the model's own name."""
    return key.removesuffix(ENDING).removeprefix("text_model.")
