"""More latent channels for a finished model: the old ones stay what they were, the new ones begin as nothing.

A grown VAE encodes the old channels as before and draws nearly as before; a grown UNet paints exactly as before.
"""


def grow_vae(vae, channels):
    """A copy of an AutoencoderKL with ``channels`` latent channels; the first ones are the old ones.

    The new ones see what the encoder sees (small random weights, a deviation of exp(-3)); the decoder listens to them
    with a tenth of a fresh layer's weights.
    """
    import torch
    from diffusers import AutoencoderKL

    old = vae.config.latent_channels
    grown = AutoencoderKL.from_config({**vae.config, "latent_channels": channels})
    state, fresh = vae.state_dict(), grown.state_dict()
    # The encoder's means and, stacked under them, its log variances: where the old ones lie among the new.
    rows = torch.tensor([*range(old), *range(channels, channels + old)])
    new_spread = slice(channels + old, None)
    for name, value in fresh.items():
        if value.shape == state[name].shape:
            value.copy_(state[name])
    for name in ("encoder.conv_out.weight", "encoder.conv_out.bias"):
        fresh[name][rows] = state[name]
    fresh["quant_conv.weight"].copy_(torch.eye(2 * channels)[..., None, None])
    fresh["quant_conv.bias"].zero_()
    fresh["quant_conv.weight"][rows[:, None], rows] = state["quant_conv.weight"]
    fresh["quant_conv.bias"][rows] = state["quant_conv.bias"]
    fresh["quant_conv.weight"][new_spread] = 0
    fresh["quant_conv.bias"][new_spread] = -6
    fresh["post_quant_conv.weight"].copy_(torch.eye(channels)[..., None, None])
    fresh["post_quant_conv.bias"].zero_()
    fresh["post_quant_conv.weight"][:old, :old] = state["post_quant_conv.weight"]
    fresh["post_quant_conv.bias"][:old] = state["post_quant_conv.bias"]
    fresh["decoder.conv_in.weight"][:, old:] *= 0.1
    fresh["decoder.conv_in.weight"][:, :old] = state["decoder.conv_in.weight"]
    grown.load_state_dict(fresh)
    return grown


def grow_unet(unet, channels):
    """A copy of a UNet2DConditionModel that reads and paints ``channels`` latent channels.

    It does not listen to the new ones and paints nothing there.
    """
    from diffusers import UNet2DConditionModel

    old = unet.config.in_channels
    grown = UNet2DConditionModel.from_config({**unet.config, "in_channels": channels, "out_channels": channels})
    state, fresh = unet.state_dict(), grown.state_dict()
    for name, value in fresh.items():
        if value.shape == state[name].shape:
            value.copy_(state[name])
        else:
            value.zero_()
    fresh["conv_in.weight"][:, :old] = state["conv_in.weight"]
    fresh["conv_out.weight"][:old] = state["conv_out.weight"]
    fresh["conv_out.bias"][:old] = state["conv_out.bias"]
    grown.load_state_dict(fresh)
    return grown
