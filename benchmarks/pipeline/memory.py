"""How much GPU memory Stable Diffusion 1.5 needs with each plan of `--vram`, computed on PyTorch's meta device.

    python -m benchmarks.pipeline.memory [--json FILE]

Weights and activations in half precision, 512 x 512, guidance (two clips through the UNet): every tensor that the
models make is counted from its birth to its end; nothing is calculated, so no GPU and no weights are needed. The
kernels' own workspaces and CUDA's context (0.3 to 0.5 GB) come on top and are not counted.
"""

import argparse
import weakref
from pathlib import Path

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from benchmarks.pipeline.sd15 import build_parts
from spectrogram.files import json_file
from spectrogram.sampling.memory import TILE, plan_memory

GB = 1e9
PLANS = (None, 8.0, 6.0, 4.0, 2.0)


class LivingStorages(TorchDispatchMode):
    """Bytes of all storages born inside the context that still live, and the most there were at once."""

    def __init__(self):
        super().__init__()
        self.now = self.peak = 0
        self.known = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        old = {id(t.untyped_storage()) for t in tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)}
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor):
                self._count(tensor.untyped_storage(), old)
        return result

    def _count(self, storage, old):
        key = storage._cdata
        if key in self.known or id(storage) in old:
            return
        self.known.add(key)
        size = storage.nbytes()
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._forget, key, size)

    def _forget(self, key, size):
        self.known.discard(key)
        self.now -= size


class FusedAttention(TorchFunctionMode):
    """Attention as CUDA's fused kernels do it, which never hold the table of all pairs."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function is torch.nn.functional.scaled_dot_product_attention:
            return torch.empty_like(args[0])
        return function(*args, **(kwargs or {}))


def weights_gb(module) -> float:
    return sum(p.numel() * p.element_size() for p in module.parameters()) / GB


def largest_layer_gb(module) -> float:
    """The most that sequential offloading brings to the card at once."""
    own = (sum(p.numel() * p.element_size() for p in part.parameters(recurse=False)) for part in module.modules())
    return max(own) / GB


def peak_gb(work) -> float:
    """The most bytes of activations during `work()`."""
    with torch.no_grad(), LivingStorages() as living, FusedAttention():
        work()
    return living.peak / GB


def activations(unet, vae, text_encoder) -> dict:
    """Peak activations of each stage in GB."""

    def empty(*shape, dtype=torch.float16):
        return torch.empty(shape, device="meta", dtype=dtype)

    def unet_step():
        unet(empty(2, 4, 64, 64), torch.zeros((), device="meta"), encoder_hidden_states=empty(2, 77, 768))

    def tile():
        vae.decode(empty(1, 4, TILE // 8, TILE // 8))

    return {
        "text": peak_gb(lambda: text_encoder(torch.zeros(2, 77, device="meta", dtype=torch.long))),
        "unet": peak_gb(unet_step),
        "vae": peak_gb(lambda: vae.decode(empty(1, 4, 64, 64))),
        "vae, four clips at once": peak_gb(lambda: vae.decode(empty(4, 4, 64, 64))),
        "vae, on tiles": peak_gb(tile),
    }


def needed_gb(plan, parts: dict, peaks: dict) -> float:
    """The largest stage: the weights that lie on the card then, and its activations."""
    vae_peak = peaks["vae, on tiles"] if plan.tile_vae else peaks["vae"]
    stages = {"text_encoder": peaks["text"], "unet": peaks["unet"], "vae": vae_peak}
    if plan.offload == "none":
        return sum(map(weights_gb, parts.values())) + max(stages.values())
    on_card = weights_gb if plan.offload == "model" else largest_layer_gb
    return max(on_card(parts[name]) + peak for name, peak in stages.items())


def measure() -> dict:
    with torch.device("meta"):
        unet, vae, text_encoder = build_parts(torch.float16)
    parts = {"unet": unet, "vae": vae, "text_encoder": text_encoder}
    peaks = activations(unet, vae, text_encoder)
    rows = []
    for vram_gb in PLANS:
        plan = plan_memory(vram_gb)
        needed = round(needed_gb(plan, parts, peaks), 2)
        rows.append({"vram_gb": vram_gb, "offload": plan.offload, "tiles": plan.tile_vae, "needed_gb": needed})
    weights = {name: round(weights_gb(part), 3) for name, part in parts.items()}
    return {"weights_gb": weights, "activations_gb": {k: round(v, 3) for k, v in peaks.items()}, "plans": rows}


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline.memory", description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the result here too")
    options = parser.parse_args()
    result = measure()
    print(result["weights_gb"], result["activations_gb"], sep="\n")
    for row in result["plans"]:
        print(row)
    if options.json:
        json_file.write(options.json, result)


if __name__ == "__main__":
    main()
