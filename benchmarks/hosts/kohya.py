"""kohya's sd-scripts and LyCORIS: their network modules on a UNet and text encoder of diffusers and transformers 4.

They change the layers of a model in place. LyCORIS writes files of its own too, for the project to read.
"""

import contextlib
import importlib
import io
import logging
from pathlib import Path

# What LyCORIS is asked to write: its settings by the name of the row.
THEIRS = {
    "LoCon, Tucker, by LyCORIS": {"algo": "locon", "use_tucker": True},
    "LoHa by LyCORIS": {"algo": "loha"},
    "LoHa, Tucker, by LyCORIS": {"algo": "loha", "use_tucker": True},
    "LoKr by LyCORIS": {"algo": "lokr"},
    "LoKr, whole factors, by LyCORIS": {"algo": "lokr", "full_matrix": True},
    "LoKr, Tucker, by LyCORIS": {"algo": "lokr", "use_tucker": True, "factor": 4},
    "DoRA over outputs by LyCORIS": {"algo": "locon", "dora_wd": True},
    "DoRA over inputs by LyCORIS": {"algo": "locon", "dora_wd": True, "wd_on_output": False},
}
DIM, ALPHA, SPREAD = 4, 2, 0.2


class Kohya:
    """A network module with kohya's two functions: one makes the network of a file, the other merges it."""

    def __init__(self, folder: Path, module: str):
        from safetensors.torch import load_file

        self.folder, self.weights = folder, load_file(folder / "weights.safetensors")
        self.networks = importlib.import_module(module)
        logging.disable(logging.INFO)

    def adapter(self, path: Path) -> dict:
        import torch

        unet, text = self.model()
        network, state = self.networks.create_network_from_weights(1.0, str(path), None, text, unet, for_inference=True)
        network.merge_to(text, unet, state, torch.float32, "cpu")
        return self.changed(unet, text)

    def model(self):
        """(UNet, text encoder) with the base's weights."""
        import torch
        from diffusers import UNet2DConditionModel
        from transformers import CLIPTextConfig, CLIPTextModel

        base = self.folder / "base"
        parts = {
            "unet": UNet2DConditionModel.from_config(UNet2DConditionModel.load_config(base / "unet")),
            "text_encoder": CLIPTextModel(CLIPTextConfig.from_pretrained(base / "text_encoder")),
        }
        with torch.no_grad():
            for part, model in parts.items():
                for name, module in layers(model).items():
                    module.weight.copy_(self.weights[f"{part}.{name}"])
        return parts["unet"].requires_grad_(False), parts["text_encoder"].requires_grad_(False)

    def changed(self, unet, text) -> dict:
        found = {f"unet.{n}": m.weight for n, m in layers(unet).items()}
        found |= {f"text_encoder.{n}": m.weight for n, m in layers(text).items()}
        return {name: w.detach() for name, w in found.items() if not (w == self.weights[name]).all()}

    def word(self, path: Path):
        raise RuntimeError("not run: its reader of words is no function of its own")


def layers(model) -> dict:
    """{name: module with a weight}, without the prefix that transformers 4 gives to a text encoder's layers."""
    named = {name.removeprefix("text_model."): module for name, module in model.named_modules()}
    return {name: module for name, module in named.items() if getattr(module, "weight", None) is not None}


class LyCORIS(Kohya):
    def write_theirs(self, out: Path, kind: str):
        """``OUT/KIND.safetensors`` as LyCORIS saves it; ``OUT/wanted/KIND.safetensors``: the weights it trains with."""
        import torch
        from safetensors.torch import save_file

        from benchmarks.hosts.artefacts import slug

        (out / "wanted").mkdir(parents=True, exist_ok=True)
        torch.manual_seed(2)
        unet, text = self.model()
        network = self.networks.create_network(1.0, DIM, ALPHA, None, text, unet, preset="full", **THEIRS[kind])
        with torch.no_grad():
            for name, tensor in network_parameters(network):
                # A magnitude is moved by a tenth, as training moves it; the factors start at zero.
                moved = torch.randn(tensor.shape)
                tensor.add_(0.1 * tensor * moved if "dora_scale" in name else SPREAD * moved)
        path = out / f"{slug(kind)}.safetensors"
        network.apply_to(text, unet, True, True)
        network.save_weights(str(path), torch.float32, {})
        names = {id(module): f"{part}.{name}" for part, model in (("unet", unet), ("text_encoder", text))
                 for name, module in layers(model).items()}  # fmt: skip
        modules = (*network.unet_loras, *network.text_encoder_loras)
        with torch.no_grad():
            trained = {names[id(one.org_module[0])]: in_use(one).float().contiguous() for one in modules}
        save_file(trained, out / "wanted" / path.name)


def in_use(module):
    """The weight that a module of LyCORIS computes with, as its `forward` has it.

    Its merge is no measure: in 3.2 it multiplies LoHa and LoKr by alpha / rank twice, and fails on some kinds.
    """
    weight = module.org_module[0].weight
    if hasattr(module, "make_weight"):
        change = module.make_weight("cpu") * module.scale
    else:
        change = module.get_weight(module.shape) * module.scalar
    return module.apply_weight_decompose(weight + change) if getattr(module, "wd", False) else weight + change


def network_parameters(network):
    return [item for part in (*network.unet_loras, *network.text_encoder_loras) for item in part.named_parameters()]


def read_theirs(folder: Path, kind: str) -> dict:
    """Our reader on a file of LyCORIS: {"result": reason} where refused, else {} and the merged layers in a file."""
    from benchmarks.hosts.artefacts import merge, slug
    from spectrogram.problems import Problem
    from training.exchange import conversion

    theirs = folder / "lycoris" / "theirs"
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            adapter = conversion.import_adapter(theirs / f"{slug(kind)}.safetensors", str(folder / "base"),
                                                folder / "imported" / slug(kind))  # fmt: skip
        merge(folder, Path(adapter), folder / "lycoris" / f"{slug(kind)}.safetensors")
    except Problem as problem:
        return {"result": f"refused: {problem}"}
    except Exception as error:  # what stock diffusers says of what we wrote is the result
        return {"result": f"read, but diffusers refuses it: {type(error).__name__}: {error}".splitlines()[0][:200]}
    return {}
