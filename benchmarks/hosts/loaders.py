"""A host's own loader on our files, in a process of its own, because hosts share module names.

    python -m benchmarks.hosts.loaders HOST CHECKOUT FOLDER

Reads ``FOLDER/*.safetensors`` with the code of the checkout and writes ``FOLDER/HOST/*.safetensors``: the layers that
the host has changed, by our names, and ``FOLDER/HOST/notes.json`` with what went wrong. The host's model holds the
base's weights under the names of Stable Diffusion's first code. What surrounds a loader (settings, devices, the open
checkpoint) is stood in for; what reads keys and computes weights is the host's.
"""

import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace

from benchmarks.hosts import layout
from benchmarks.hosts.artefacts import KINDS, WORD, open_base, slug
from benchmarks.hosts.diffusers_versions import Diffusers
from benchmarks.hosts.kohya import THEIRS, Kohya, LyCORIS

KOHYA = {"sd-scripts": "networks.lora", "lycoris": "lycoris.kohya"}
TEXT_PLACE = "clip_l.transformer.text_model."


class Shown:
    """A model as the hosts' key tables ask for it: a state, and the UNet's configuration."""

    def __init__(self, state):
        self.state = state
        self.model_config = SimpleNamespace(unet_config=layout.UNET_CONFIG)
        self.diffusion_model = SimpleNamespace(config=layout.UNET_CONFIG)
        self.config = SimpleNamespace(huggingface_repo="stable-diffusion-v1-5/stable-diffusion-v1-5")

    def state_dict(self):
        return self.state


def places(weights: dict) -> dict[str, str]:
    """{our name: the host's key} of all layers."""
    found = {}
    for name in weights:
        part, layer = name.split(".", 1)
        place = f"diffusion_model.{layout.original(layer)}" if part == "unet" else TEXT_PLACE + layer
        found[name] = f"{place}.weight"
    return found


class Patcher:
    """ComfyUI and its kin: a table of keys, patches by key, and a function that applies them to a weight."""

    def __init__(self, folder):
        from safetensors.torch import load_file

        self.folder, self.weights = folder, load_file(folder / "weights.safetensors")
        self.names = {key: name for name, key in places(self.weights).items()}
        keyed = {key: self.weights[name] for key, name in self.names.items()}
        self.unet = Shown({key: w for key, w in keyed.items() if key.startswith("diffusion_model.")})
        self.text = Shown({key: w for key, w in keyed.items() if key.startswith("clip_l.")})

    def changed(self, patches) -> dict:
        """{our name: weight} after the patches."""
        found = {}
        for key, patch in patches.items():
            name = self.names[key]
            found[name] = self.apply([(1.0, patch, 1.0, None, None)], self.weights[name].clone(), key).contiguous()
        return found


class Comfy(Patcher):
    """ComfyUI, and reForge, whose patcher is ComfyUI's under another name."""

    def __init__(self, folder, package, switches, processor):
        super().__init__(folder)
        setattr(importlib.import_module(switches).args, processor, True)
        self.lora, self.text_code, self.files, self.convert = (
            importlib.import_module(f"{package}.{name}") for name in ("lora", "sd1_clip", "utils", "lora_convert")
        )
        self.apply = self.lora.calculate_weight

    def adapter(self, path):
        keys = self.lora.model_lora_keys_unet(self.unet, {})
        keys = self.lora.model_lora_keys_clip(self.text, keys)
        state = self.convert.convert_lora(self.files.load_torch_file(str(path), safe_load=True))
        return self.changed(self.lora.load_lora(state, keys))

    def word(self, path):
        return self.text_code.load_embed(path.stem, str(path.parent), self.text_width(), "clip_l")

    def text_width(self):
        return self.weights["text_encoder.embeddings.token_embedding"].shape[1]


class Forge(Patcher):
    """Forge: the UNet's keys first, the text encoder's from what is left."""

    def __init__(self, folder, checkout):
        super().__init__(folder)
        sys.path.append(str(checkout / "packages_3rdparty"))
        sys.argv = ["launch.py", "--always-cpu"]
        self.lora = importlib.import_module("backend.patcher.lora")
        self.utils = importlib.import_module("backend.utils")
        self.words = importlib.import_module("backend.text_processing.textual_inversion")

    def apply(self, patches, weight, key):
        import torch

        return self.lora.merge_lora_to_weight(patches, weight, key, computation_dtype=torch.float32)

    def adapter(self, path):
        state = self.utils.load_torch_file(str(path), safe_load=True)
        unet, rest = self.lora.load_lora(state, self.lora.model_lora_keys_unet(self.unet, {}))
        text, _ = self.lora.load_lora(rest, self.lora.model_lora_keys_clip(self.text, {}))
        return self.changed({**unet, **text})

    def word(self, path):
        return read_word(self.words.EmbeddingDatabase(open_base(self.folder).tokenizer), path)


class WebUI:
    """AUTOMATIC1111: its networks find modules by name and change their weights in place."""

    def __init__(self, folder, checkout):
        from benchmarks.hosts import surroundings

        self.folder, self.shared = folder, surroundings.stand_in(checkout, folder / "automatic1111")
        self.networks = importlib.import_module("networks")
        self.network = importlib.import_module("network")
        self.networks.extra_network_lora = SimpleNamespace(errors={})

    def adapter(self, path):
        """The web UI works without gradients from start to end."""
        import torch

        with torch.no_grad():
            return self.changed_in_place(path, open_base(self.folder))

    def changed_in_place(self, path, pipeline):
        """{our name: weight} of the layers that differ once the host has applied the adapter to a fresh model."""
        named = {f"unet.{n}": m for n, m in pipeline.unet.named_modules()}
        named |= {f"text_encoder.{n.removeprefix('text_model.')}": m for n, m in pipeline.text_encoder.named_modules()}
        layers = {n: m for n, m in named.items() if getattr(m, "weight", None) is not None}
        self.shared.sd_model = SimpleNamespace(is_sdxl=False, **hung(layers))
        network = self.networks.load_network(path.stem, self.network.NetworkOnDisk(path.stem, str(path)))
        self.networks.loaded_networks[:] = [network]
        before = {name: module.weight.detach().clone() for name, module in layers.items()}
        for module in layers.values():
            self.networks.network_apply_weights(module)
        failed = self.networks.extra_network_lora.errors.pop(path.stem, 0)
        if failed:
            raise RuntimeError(f"{failed} layers failed")
        return {n: m.weight.detach() for n, m in layers.items() if not (m.weight == before[n]).all()}

    def word(self, path):
        words = importlib.import_module("modules.textual_inversion.textual_inversion")
        database = words.EmbeddingDatabase()
        # Registering asks the open model for token numbers of the name.
        self.shared.sd_model.cond_stage_model.tokenize = lambda texts: [[1] for _ in texts]
        return read_word(database, path)


def hung(layers: dict) -> dict:
    """The layers as a tree of modules under the first code's names, as the web UI's own model carries them."""
    from torch import nn

    roots = {"model": nn.Module(), "cond_stage_model": nn.Module()}
    for name, module in layers.items():
        part, layer = name.split(".", 1)
        root = roots["model" if part == "unet" else "cond_stage_model"]
        place = f"diffusion_model.{layout.original(layer)}" if part == "unet" else f"transformer.text_model.{layer}"
        *path, last = place.split(".")
        for step in path:
            if not hasattr(root, step):
                root.add_module(step, nn.Module())
            root = getattr(root, step)
        root.add_module(last, module)
    return roots


def read_word(database, path):
    """The vectors that a web UI's database of words holds after it has read a file."""
    database.load_from_file(str(path), path.name)
    return database.word_embeddings[path.stem].vec


def open_host(host: str, checkout: Path, folder: Path):
    """The loader of a checkout."""
    if host == "comfyui":
        return Comfy(folder, "comfy", "comfy.cli_args", "cpu")
    if host == "reforge":
        return Comfy(folder, "ldm_patched.modules", "ldm_patched.modules.args_parser", "always_cpu")
    if host == "diffusers":
        return Diffusers(folder, checkout)
    if host in KOHYA:
        return (LyCORIS if host == "lycoris" else Kohya)(folder, KOHYA[host])
    return Forge(folder, checkout) if host == "forge" else WebUI(folder, checkout)


def main():
    from safetensors.torch import save_file

    host, checkout, folder = sys.argv[1], Path(sys.argv[2]).resolve(), Path(sys.argv[3]).resolve()
    sys.argv = sys.argv[:1]
    sys.path.insert(0, str(checkout))
    out, notes = folder / host, {}
    out.mkdir()
    loader = open_host(host, checkout, folder)
    for kind in (*KINDS, WORD):
        path = folder / f"{slug(kind)}.safetensors"
        if not path.is_file():
            continue
        try:
            held = {WORD: loader.word(path)} if kind == WORD else loader.adapter(path)
            save_file({n: w.detach().float().contiguous() for n, w in held.items()}, out / path.name)
        except Exception as error:  # whatever a host's loader raises is the result
            notes[kind] = f"{type(error).__name__}: {error}".splitlines()[0][:200]
    for kind in THEIRS if host == "lycoris" else ():
        try:
            loader.write_theirs(out / "theirs", kind)
        except Exception as error:  # its own fault, and the row says so
            notes[kind] = f"LyCORIS does not make its own file: {type(error).__name__}: {error}".splitlines()[0][:200]
    if host == "diffusers":
        notes |= loader.paint()
    (out / "notes.json").write_text(json.dumps(notes, allow_nan=False), encoding="utf-8")


if __name__ == "__main__":
    main()
