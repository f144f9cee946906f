"""The trainer's attention against diffusers' own."""

import torch
from diffusers.models.attention_processor import Attention, AttnProcessor, AttnProcessor2_0

from training.attention import PlainAttention, choose


def outputs(processor, context=None):
    torch.manual_seed(0)
    layer = Attention(query_dim=32, cross_attention_dim=None if context is None else 24, heads=4, dim_head=8)
    layer.set_processor(processor)
    x = torch.randn(2, 10, 32, requires_grad=True)
    y = layer(x, encoder_hidden_states=context)
    y.square().sum().backward()
    return y, x.grad


def test_outputs_and_gradients_are_those_of_both_of_diffusers_kernels():
    for context in (None, torch.randn(2, 7, 24, generator=torch.Generator().manual_seed(1))):
        ours, gradient = outputs(PlainAttention(), context)
        for other in (AttnProcessor(), AttnProcessor2_0()):
            theirs, other_gradient = outputs(other, context)
            assert torch.allclose(ours, theirs, atol=1e-5)
            assert torch.allclose(gradient, other_gradient, atol=1e-4)


def test_the_cpu_gets_the_plain_one_and_a_gpu_the_fused_one(tiny_base):
    from diffusers import UNet2DConditionModel

    unet = UNet2DConditionModel.from_pretrained(tiny_base, subfolder="unet")
    choose(unet, "cpu")
    assert {type(p) for p in unet.attn_processors.values()} == {PlainAttention}
    choose(unet, "cuda")
    assert {type(p) for p in unet.attn_processors.values()} == {AttnProcessor2_0}
