"""Residual layers that add nothing, because their last weights are 0 and frozen, are not computed in training.

The embedded base has some: its inner blocks got as many layers as the outer ones have, so that diffusers' tools for
adapters can handle it. An adapter inside a layer that is skipped gets no gradient, where it had one of 0 before.
"""

import torch
from diffusers.models.modeling_outputs import Transformer2DModelOutput
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.transformers.transformer_2d import Transformer2DModel


def skip(unet):
    """Let a UNet pass by its layers that add nothing; one whose last convolution is trained or adapted is computed."""
    for module in unet.modules():
        if isinstance(module, ResnetBlock2D) and _is_plain(module) and _is_nothing(module.conv2):
            module.forward = _shortcut(module)
        elif isinstance(module, Transformer2DModel) and _is_nothing(module.proj_out):
            module.forward = _through


def _is_plain(resnet):
    """Whether a residual layer keeps its size and is not scaled."""
    return resnet.upsample is None and resnet.downsample is None and resnet.output_scale_factor == 1


def _is_nothing(layer):
    kinds = (torch.nn.Conv2d, torch.nn.Linear)
    return type(layer) in kinds and not any(p.requires_grad or p.any() for p in layer.parameters())


def _shortcut(resnet):
    def forward(hidden_states, *others, **more):
        return hidden_states if resnet.conv_shortcut is None else resnet.conv_shortcut(hidden_states)

    return forward


def _through(hidden_states, *others, return_dict=True, **more):
    return Transformer2DModelOutput(sample=hidden_states) if return_dict else (hidden_states,)
