"""A UNet's frozen and pointwise layers as plain matrix products, for training on the CPU.

Same numbers as diffusers' up to rounding, with fewer copies: GEGLU's halves are two products instead of one that is cut
in two and put together again in the backward pass; a 1 x 1 convolution is a product without its kernel's reordering.
"""

from functools import cache

import torch
from diffusers.models.activations import GEGLU
from diffusers.models.transformers.transformer_2d import Transformer2DModel
from torch.nn.functional import gelu, linear


def use(unet):
    """Give a UNet's GEGLU and 1 x 1 layers these forward passes; layers with an adapter inside keep their own."""
    for module in unet.modules():
        if isinstance(module, GEGLU) and type(module.proj) is torch.nn.Linear and not module.proj.weight.requires_grad:
            module.forward = _geglu(module.proj)
        elif isinstance(module, Transformer2DModel) and _is_pointwise(module.proj_in):
            module.proj_in.forward = _pointwise(module.proj_in, positions_first=True)
        elif _is_pointwise(module) and "forward" not in vars(module):
            module.forward = _pointwise(module, positions_first=False)


def _is_pointwise(module):
    return type(module) is torch.nn.Conv2d and module.kernel_size == (1, 1) and module.bias is not None


def _pointwise(layer, positions_first):
    """The forward pass of a 1 x 1 convolution; ``positions_first`` leaves its result with the channels innermost.

    The transformers behind ``proj_in`` read it in that order, so that nothing is copied on the way.
    """

    def forward(x):
        weight, size = layer.weight.flatten(1), x.shape[2:]
        if positions_first:
            found = torch.nn.functional.linear(x.flatten(2).transpose(1, 2), weight, layer.bias).transpose(1, 2)
        else:
            rows = weight.expand(len(x), -1, -1)
            found = torch.baddbmm(layer.bias[None, :, None], rows, x.flatten(2))
        return found.unflatten(2, size)

    return forward


def _geglu(proj):
    def forward(x, *others, **more):
        return _gated().apply(x, proj.weight, proj.bias)

    return forward


@cache
def _gated():
    class Gated(torch.autograd.Function):
        """(x W1 + b1) gelu(x W2 + b2) with frozen weights, W1 the upper half of the rows."""

        @staticmethod
        def forward(context, x, weight, bias):
            half = len(weight) // 2
            value, gate = linear(x, weight[:half], bias[:half]), linear(x, weight[half:], bias[half:])
            opened = gelu(gate)
            context.save_for_backward(value, gate, opened, weight)
            return value * opened

        @staticmethod
        def backward(context, gradient):
            value, gate, opened, weight = context.saved_tensors
            half, weight = len(weight) // 2, weight.to(gradient.dtype)
            to_gate = torch.ops.aten.gelu_backward(gradient * value, gate).flatten(0, -2)
            to_value = (gradient * opened).flatten(0, -2)
            to_x = torch.addmm(to_value @ weight[:half], to_gate, weight[half:])
            return to_x.view(*gradient.shape[:-1], -1), None, None

    return Gated
