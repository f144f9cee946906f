"""One adapter, many layouts: peft's names inside, read from and written to what other tools use.

    diffusers / peft   unet.down_blocks.0.attentions.0.….to_q.lora_A.weight      scale = alpha / r from the metadata
    kohya-ss           lora_unet_down_blocks_0_attentions_0_…_to_q.lora_down.weight + .alpha
    diffusers, old     unet.down_blocks.0.….attn1.processor.to_q_lora.down.weight, no alpha: scale 1

``Layers`` holds them all: for each layer its down, up and (DoRA) magnitude, with the scale already in ``up``, so that
alpha equals the rank and no reader can scale wrongly.
"""

import json
import re
from dataclasses import dataclass

from spectrogram.adapters.lora import AdapterProblem, parse_key

METADATA = "lora_adapter_metadata"
PEFT_PREFIX = re.compile(r"^(base_model\.model\.|unet\.base_model\.model\.)")
TEXT_PREFIX = "text_model."


@dataclass
class Layers:
    """{(part, layer): {"down": (r, in…), "up": (out, r…), "magnitude": (out,) or missing}}; scale is inside ``up``."""

    tensors: dict


def scales(metadata, part):
    """alpha / r (or alpha / sqrt(r) with rsLoRA) of one part, from the header that diffusers writes; None without."""
    text = metadata.get(METADATA)
    if text is None:
        return None
    told = {k.removeprefix(f"{part}."): v for k, v in json.loads(text).items() if k.startswith(f"{part}.")}
    if "r" not in told:
        return None
    root = told["r"] ** 0.5 if told.get("use_rslora") else told["r"]
    return told["lora_alpha"] / root


def read(state, metadata, shapes, peft_scale=None):
    """Layers of a state dict in any layout, for a model whose ``layer_shapes`` are given; strangers are refused."""
    found, alphas = {}, {}
    for key, tensor in state.items():
        name = PEFT_PREFIX.sub("unet.", key)
        layer, role = parse_key(name, shapes)
        if layer is None:
            raise AdapterProblem(f"{key[:80]} names no layer of this base", "its own layers", "choose its own --base")
        if role == "alpha":
            alphas[layer] = float(tensor)
        else:
            found.setdefault(layer, {})[{"magnitude_vector": "magnitude"}.get(role, role)] = tensor.float()
    for layer, parts in found.items():
        if not {"down", "up"} <= set(parts):
            raise AdapterProblem(f"{'.'.join(layer)} is incomplete", "down and up", "fetch the file again")
        if layer in alphas:
            scale = alphas[layer] / len(parts["down"])
        else:
            scale = scales(metadata, layer[0]) or peft_scale or 1.0
        parts["up"] = parts["up"] * scale
        if "magnitude" in parts:
            parts["magnitude"] = parts["magnitude"].flatten()
    return Layers(found)


def to_peft(layers):
    """({name: tensor} as ``load_lora_weights`` takes them, metadata) with alpha = rank; ranks are padded to one."""
    import torch

    state, ranks = {}, {}
    for part, _ in layers.tensors:
        sizes = [len(t["down"]) for (p, _), t in layers.tensors.items() if p == part]
        ranks[part] = max(sizes)
    for (part, layer), tensors in layers.tensors.items():
        missing = ranks[part] - len(tensors["down"])
        down = torch.cat([tensors["down"], tensors["down"].new_zeros(missing, *tensors["down"].shape[1:])])
        up = torch.cat(
            [tensors["up"], tensors["up"].new_zeros(len(tensors["up"]), missing, *tensors["up"].shape[2:])], 1
        )
        prefix = f"{part}.{TEXT_PREFIX if part == 'text_encoder' else ''}{layer}"
        state[f"{prefix}.lora_A.weight"], state[f"{prefix}.lora_B.weight"] = down.contiguous(), up.contiguous()
        if "magnitude" in tensors:
            state[f"{prefix}.lora_magnitude_vector"] = tensors["magnitude"].contiguous()
    return state, {METADATA: json.dumps(_peft_metadata(layers, ranks))}


def _peft_metadata(layers, ranks):
    told = {}
    for part, rank in ranks.items():
        mine = [(layer, tensors) for (p, layer), tensors in layers.tensors.items() if p == part]
        prefix = TEXT_PREFIX if part == "text_encoder" else ""
        told |= {
            f"{part}.r": rank,
            f"{part}.lora_alpha": rank,
            f"{part}.use_dora": any("magnitude" in tensors for _, tensors in mine),
            f"{part}.target_modules": sorted(prefix + layer for layer, _ in mine),
        }
    return told


def to_kohya(layers):
    """{name: tensor} as kohya-ss, AUTOMATIC1111 and ComfyUI read it; alpha equals each layer's rank."""
    import torch

    state = {}
    for (part, layer), tensors in layers.tensors.items():
        name = f"lora_te_text_model_{layer}" if part == "text_encoder" else f"lora_unet_{layer}"
        name = name.replace(".", "_")
        state[f"{name}.lora_down.weight"] = tensors["down"].contiguous()
        state[f"{name}.lora_up.weight"] = tensors["up"].contiguous()
        state[f"{name}.alpha"] = torch.tensor(float(len(tensors["down"])))
        if "magnitude" in tensors:
            # One length an output channel stands first, so that readers normalise over the other axes.
            rest = (1,) * (max(tensors["down"].ndim, 2) - 1)
            state[f"{name}.dora_scale"] = tensors["magnitude"].reshape(-1, *rest).contiguous()
    return state


def delta(tensors):
    """What a layer's tensors add to its weight, in the weight's own shape up to trailing ones (DoRA not included)."""
    down, up = tensors["down"], tensors["up"]
    return (up.flatten(1) @ down.flatten(1)).reshape(len(up), *down.shape[1:])
