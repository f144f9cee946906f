"""LoRA's forward pass as one product: y = (W + s B A) x instead of W x + s B (A x).

The sum is made once a pass and is as small as W; the backward pass then has one weight gradient instead of four thin
products, and no scaled copies of the activations. Same numbers up to rounding; used for linear layers only, because a
convolution's weight gradient costs more than its two thin ones.
"""

from functools import cache

import torch
from diffusers.models.attention_processor import Attention
from peft.tuners.lora.layer import Linear


def use(module):
    """Give every plain LoRA linear layer below a module the merged forward pass; returns how many there are."""
    found = [layer for layer in module.modules() if isinstance(layer, Linear) and _is_plain(layer)]
    for layer in found:
        layer.forward = _forward(layer)
    return len(found)


def leave(module):
    """Back to peft's own forward pass."""
    for layer in module.modules():
        if "forward" in vars(layer) and hasattr(layer, "lora_A"):
            del layer.forward


def _is_plain(layer):
    """One adapter that is on, neither DoRA nor dropout, nor merged already."""
    names = layer.active_adapters
    return (
        len(names) == 1
        and not layer.merged
        and not layer.disable_adapters
        and not getattr(layer, "lora_variant", {}).get(names[0])
        and getattr(layer.lora_dropout[names[0]], "p", 0) == 0
    )


def _forward(layer):
    name = layer.active_adapters[0]
    base, down, up = layer.get_base_layer(), layer.lora_A[name], layer.lora_B[name]
    scale = layer.scaling[name]

    def forward(x, *others, **more):
        with torch.autocast(x.device.type, enabled=False):
            weight = torch.addmm(base.weight.float(), up.weight, down.weight, alpha=scale)
        return torch.nn.functional.linear(x, weight.to(x.dtype), base.bias)

    return forward


class Together:
    """The merged weights of a UNet's attention layers, all of one shape in one product, once in a forward pass.

    Layers that read the same input lie side by side: one product then serves queries, keys and values.
    """

    def __init__(self, unet):
        self.groups, self.weights = _groups(unet), {}
        if self.groups:
            unet.register_forward_pre_hook(self._merge)

    def weight_of(self, layers):
        """Weights (rows of all, in) of layers that lie side by side, as merged for this pass; None for others."""
        return self.weights.get(_key(layers))

    def _merge(self, unet, inputs):
        kind = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else unet.conv_in.weight.dtype
        for sets, base, scale, parameters in self.groups:
            weights = _merge_all().apply(kind, base, scale, *parameters)
            parts = weights.split([len(layers) for layers in sets])
            self.weights |= {_key(layers): part.flatten(0, 1) for layers, part in zip(sets, parts, strict=True)}


def _key(layers):
    return tuple(id(layer) for layer in layers)


def _groups(unet):
    """(sets of layers, frozen weights (n, out, in) in float32, scale, all lora_A, lora_B) by shape, rank and scale."""
    found = {}
    for layers in _side_by_side(unet):
        name, first = layers[0].active_adapters[0], layers[0]
        shape, rank = tuple(first.get_base_layer().weight.shape), len(first.lora_A[name].weight)
        found.setdefault((shape, rank, first.scaling[name]), []).append(layers)
    groups = []
    for (_, _, scale), sets in found.items():
        flat = [layer for layers in sets for layer in layers]
        pairs = [(layer.lora_A[n].weight, layer.lora_B[n].weight) for layer in flat for n in layer.active_adapters]
        base = torch.stack([layer.get_base_layer().weight.detach().float() for layer in flat])
        groups.append((sets, base, scale, [weight for side in zip(*pairs, strict=True) for weight in side]))
    return groups


def _side_by_side(unet):
    """Lists of plain LoRA layers in a UNet's attention that read one input."""
    for attn in (module for module in unet.modules() if isinstance(module, Attention)):
        q, k, v, out = attn.to_q, attn.to_k, attn.to_v, attn.to_out[0]
        for layers in ([q], [k, v], [out]) if attn.is_cross_attention else ([q, k, v], [out]):
            if all(isinstance(layer, Linear) and _is_plain(layer) for layer in layers):
                yield layers


@cache
def _merge_all():
    class MergeAll(torch.autograd.Function):
        """base + scale B A of n layers, (n, out, in); parameters: n times A (r, in), then n times B (out, r)."""

        @staticmethod
        def forward(context, kind, base, scale, *parameters):
            down, up = torch.stack(parameters[: len(base)]), torch.stack(parameters[len(base) :])
            context.save_for_backward(down, up)
            context.scale = scale
            with torch.autocast("cpu", enabled=False):
                return torch.baddbmm(base, up, down, alpha=scale).to(kind)

        @staticmethod
        def backward(context, gradient):
            (down, up), gradient = context.saved_tensors, gradient.float() * context.scale
            to_down, to_up = torch.bmm(up.transpose(1, 2), gradient), torch.bmm(gradient, down.transpose(1, 2))
            return None, None, None, *to_down.unbind(0), *to_up.unbind(0)

    return MergeAll
