"""LoHa and LoKr as the plain LoRA that equals them: every reader of adapters knows LoRA, few know the others.

LoHa: W = (w1a w1b) * (w2a w2b), of rank r^2 at most. LoKr: W = w1 ⊗ w2. Both are factored by singular values, down to
the rounding of float32, and padded to one rank, because readers scale layers of other ranks wrongly.
"""

import torch

EXACT = ("loha", "lokr")
SMALLEST = 1e-6


def _product(parts, name):
    return parts[name] if name in parts else parts[f"{name}_a"] @ parts[f"{name}_b"]


def delta(parts, variant):
    """What the adapter adds to a linear layer, (out, in) in float64, from its tensors by peft's names."""
    parts = {name: tensor.detach().cpu().double() for name, tensor in parts.items()}
    if variant == "loha":
        return _product(parts, "hada_w1") * _product(parts, "hada_w2")
    return torch.kron(_product(parts, "lokr_w1"), _product(parts, "lokr_w2"))


def factor(weight):
    """(down (r, in), up (out, r)) with up @ down = weight and the smallest r that rounding allows; zero gives r = 0."""
    u, s, v = torch.linalg.svd(weight, full_matrices=False)
    rank = int((s > SMALLEST * s[0]).sum()) if s[0] > 0 else 0
    root = s[:rank].sqrt()
    return root[:, None] * v[:rank], u[:, :rank] * root


def to_lora(state, variant):
    """Tensors by peft's LoRA names (lora_A, lora_B), all of one rank, from those of LoHa or LoKr; alpha is the rank."""
    layers = {}
    for key, tensor in state.items():
        layer, name = key.rsplit(".", 1) if not key.endswith(".weight") else key.removesuffix(".weight").rsplit(".", 1)
        layers.setdefault(layer, {})[name] = tensor
    pairs = {layer: factor(delta(parts, variant)) for layer, parts in layers.items()}
    rank = max(1, *(len(down) for down, _ in pairs.values()))
    found = {}
    for layer, (down, up) in pairs.items():
        missing = rank - len(down)
        found[f"{layer}.lora_A.weight"] = torch.nn.functional.pad(down, (0, 0, 0, missing)).float().contiguous()
        found[f"{layer}.lora_B.weight"] = torch.nn.functional.pad(up, (0, missing)).float().contiguous()
    return found
