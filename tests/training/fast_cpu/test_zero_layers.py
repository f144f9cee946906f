"""Layers that add nothing are passed by, and only those."""

import pytest
import torch
from diffusers import UNet2DConditionModel
from peft import LoraConfig

from training.fast_cpu import zero_layers

DEAD = ("down_blocks.2.resnets.1", "down_blocks.2.attentions.1", "up_blocks.0.resnets.1", "up_blocks.0.attentions.1")


@pytest.fixture
def unet():
    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=8, in_channels=4, out_channels=4, block_out_channels=(8, 8, 16), layers_per_block=(1, 1, 2),
        cross_attention_dim=8, attention_head_dim=2, norm_num_groups=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip
    for name, module in unet.named_modules():
        if name.endswith(("conv2", "proj_out")) and name.rpartition(".")[0] in DEAD:
            torch.nn.init.zeros_(module.weight)
            torch.nn.init.zeros_(module.bias)
    return unet.requires_grad_(False)


def heard(unet):
    """The UNet's answer, and the names of the layers that were computed inside."""
    called, hooks = set(), []
    for name, module in unet.named_modules():
        if name.endswith(("conv1", "proj_in")):
            hooks.append(module.register_forward_hook(lambda *_, name=name: called.add(name.rpartition(".")[0])))
    generator = torch.Generator().manual_seed(1)
    noisy, words = torch.randn(2, 4, 8, 8, generator=generator), torch.randn(2, 5, 8, generator=generator)
    answer = unet(noisy, torch.tensor([3, 700]), words).sample
    for hook in hooks:
        hook.remove()
    return answer, called


def test_what_adds_nothing_is_not_computed_and_the_answer_is_the_same(unet):
    before, all_called = heard(unet)
    assert set(DEAD) < all_called
    zero_layers.skip(unet)
    after, called = heard(unet)
    assert torch.equal(after, before)
    assert called == all_called - set(DEAD)


def test_the_gradients_of_an_adapter_are_those_without_skipping(unet):
    unet.add_adapter(LoraConfig(r=2, target_modules=["to_q", "to_out.0"], init_lora_weights=False))
    found = []
    for change in (lambda unet: None, zero_layers.skip):
        change(unet)
        unet.zero_grad()
        heard(unet)[0].square().mean().backward()
        found.append({name: p.grad for name, p in unet.named_parameters() if p.requires_grad})
    for name, gradient in found[0].items():
        if name.startswith(DEAD):
            assert not gradient.any()
            assert found[1][name] is None
        else:
            torch.testing.assert_close(gradient, found[1][name])


@pytest.mark.parametrize("train", ["adapter", "weights"])
def test_a_layer_whose_end_learns_is_computed(unet, train):
    if train == "adapter":
        unet.add_adapter(LoraConfig(r=2, target_modules=["conv2", "proj_out"]))
    else:
        unet.requires_grad_(True)
    zero_layers.skip(unet)
    assert set(DEAD) <= heard(unet)[1]
