"""The trainer's attention against diffusers' own."""

import torch
from diffusers.models.attention_processor import Attention, AttnProcessor, AttnProcessor2_0

from training.fast_cpu.attention import PlainAttention, choose


def outputs(processor, context=None, tokens=10):
    torch.manual_seed(0)
    layer = Attention(query_dim=32, cross_attention_dim=None if context is None else 24, heads=4, dim_head=8)
    layer.set_processor(processor)
    x = torch.randn(2, tokens, 32, requires_grad=True)
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


def test_many_tokens_are_attended_to_alike():
    ours, gradient = outputs(PlainAttention(), tokens=1040)
    theirs, other_gradient = outputs(AttnProcessor(), tokens=1040)
    assert torch.allclose(ours, theirs, atol=1e-5)
    assert torch.allclose(gradient, other_gradient, atol=1e-4)


def test_the_cpu_gets_the_plain_one_and_a_gpu_the_fused_one(tiny_base):
    from diffusers import UNet2DConditionModel

    unet = UNet2DConditionModel.from_pretrained(tiny_base, subfolder="unet")
    choose(unet, "cpu")
    assert {type(p) for p in unet.attn_processors.values()} == {PlainAttention}
    choose(unet, "cuda")
    assert {type(p) for p in unet.attn_processors.values()} == {AttnProcessor2_0}


def passed(unet, gradients_of):
    """Output of a UNet and gradients with respect to some tensors, for fixed inputs."""
    made = torch.Generator().manual_seed(2)
    noise, words = (torch.randn(*shape, generator=made) for shape in ((2, 4, 16, 32), (2, 77, 32)))
    words.requires_grad_(True)
    out = unet(noise, torch.tensor([500, 3]), encoder_hidden_states=words).sample
    return out.detach(), torch.autograd.grad(out.square().mean(), [words, *gradients_of])


def test_fewer_and_larger_products_give_the_outputs_and_gradients_of_diffusers_layers(tiny_base):
    from diffusers import UNet2DConditionModel

    unet = UNet2DConditionModel.from_pretrained(tiny_base, subfolder="unet")
    for frozen in (True, False):
        trained = [] if frozen else list(unet.parameters())
        unet.requires_grad_(not frozen)
        unet.set_attn_processor(AttnProcessor2_0())
        theirs, their_gradients = passed(unet, trained)
        choose(unet, "cpu")
        assert any("forward" in vars(module) for module in unet.modules())
        ours, gradients = passed(unet, trained)
        assert torch.allclose(ours, theirs, atol=1e-5)
        assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(gradients, their_gradients, strict=True))
        for module in unet.modules():
            vars(module).pop("forward", None)


def test_adapters_merged_together_give_pefts_outputs_and_gradients(tiny_base):
    from training import base as base_model
    from training.fast_cpu import merged_products
    from training.flags import settings_of
    from training.methods import lora

    base = base_model.load(str(tiny_base))
    method = lora.build(settings_of({"rank": 3, "base": str(tiny_base)}), base)
    for p in method.parameters:
        p.data += 0.2 * torch.randn(p.shape, generator=torch.Generator().manual_seed(p.numel()))
    merged_products.leave(method.unet)
    theirs, their_gradients = passed(method.unet, method.parameters)
    choose(method.unet, "cpu")
    ours, gradients = passed(method.unet, method.parameters)
    processor = method.unet.mid_block.attentions[0].transformer_blocks[0].attn1.processor
    assert processor.together.weights
    assert torch.allclose(ours, theirs, atol=1e-5)
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(gradients, their_gradients, strict=True))
