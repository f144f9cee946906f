"""More latent channels, fewer of them, or more layers for a finished model, which goes on from what it can.

A grown VAE encodes the old channels as before and draws nearly as before; a grown or deepened UNet paints exactly as
before.
"""

NO_WIDTH = -30  # log variance, where AutoencoderKL's posterior ends
SILENT = ("conv2", "proj_out", "conv_shortcut")  # what a new layer adds with; at 0 it adds nothing


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


def keep_channels(vae, unet, kept):
    """Copies of VAE and UNet with the latent channels ``kept`` (indices, rising) alone, and a posterior of no width.

    What is encoded is the mean from then on. A channel whose posterior is as wide as noise tells the decoder nothing,
    but a UNet that must paint it learns from errors that it cannot mend.
    """
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel

    old, new = vae.config.latent_channels, len(kept)
    coder = AutoencoderKL.from_config({**vae.config, "latent_channels": new})
    painter = UNet2DConditionModel.from_config({**unet.config, "in_channels": new, "out_channels": new})
    rows = [*kept, *(old + k for k in kept)]
    own = vae.state_dict()
    # The two convolutions of one pixel mix channels: they are multiplied into their neighbours and become identities.
    mixing, unmixing = own["quant_conv.weight"][rows, :, 0, 0], own["post_quant_conv.weight"][:, kept, 0, 0]
    shift = own["post_quant_conv.bias"]
    own["encoder.conv_out.weight"] = torch.einsum("oc,cikl->oikl", mixing, own["encoder.conv_out.weight"])
    own["encoder.conv_out.bias"] = mixing @ own["encoder.conv_out.bias"] + own["quant_conv.bias"][rows]
    into = own["decoder.conv_in.weight"]
    own["decoder.conv_in.bias"] = own["decoder.conv_in.bias"] + torch.einsum("ockl,c->o", into, shift)
    own["decoder.conv_in.weight"] = torch.einsum("ockl,cn->onkl", into, unmixing)
    for name, size in (("quant_conv", 2 * new), ("post_quant_conv", new)):
        own[f"{name}.weight"], own[f"{name}.bias"] = torch.eye(size)[..., None, None], torch.zeros(size)
    own["quant_conv.weight"][new:] = 0
    own["quant_conv.bias"][new:] = NO_WIDTH
    coder.load_state_dict(own)
    own = unet.state_dict()
    own["conv_in.weight"] = own["conv_in.weight"][:, kept]
    own["conv_out.weight"], own["conv_out.bias"] = own["conv_out.weight"][kept], own["conv_out.bias"][kept]
    painter.load_state_dict(own)
    return coder, painter


def deepen(unet, layers):
    """A copy of a UNet2DConditionModel with ``layers`` residual layers in its blocks, outermost first; it paints alike.

    Where all blocks have the same number the config holds that number, as ``set_adapters`` of diffusers wants it: it
    cannot scale a LoRA of a UNet whose config lists them. New layers begin as nothing: down, they come last; up, after
    the first, so that the first still reads what the last one down wrote.
    """
    import torch
    from diffusers import UNet2DConditionModel

    noted = layers[0] if len(set(layers)) == 1 else list(layers)
    deep = UNet2DConditionModel.from_config({**unet.config, "layers_per_block": noted})
    state, fresh = unet.state_dict(), deep.state_dict()
    had = unet.config.layers_per_block
    had = [had] * len(layers) if isinstance(had, int) else had
    for name, value in fresh.items():
        source = _place_before(name, had, layers)
        if source is not None:
            value.copy_(state[source])
        elif name.endswith("conv_shortcut.weight"):
            value.zero_()
            value[:, : len(value), 0, 0] = torch.eye(len(value))
        elif any(name.endswith(f"{last}.{kind}") for last in SILENT for kind in ("weight", "bias")):
            value.zero_()
    deep.load_state_dict(fresh)
    return deep


def _place_before(name, had, layers):
    """The name that a weight of the deepened UNet had before, or None for one of a new layer."""
    parts = name.split(".")
    if parts[0] not in ("down_blocks", "up_blocks") or parts[2] not in ("resnets", "attentions"):
        return name
    block, layer = int(parts[1]), int(parts[3])
    if parts[0] == "down_blocks":
        return name if layer < had[block] else None
    more = layers[-1 - block] - had[-1 - block]
    if 0 < layer <= more:
        return None
    return ".".join([*parts[:3], str(max(0, layer - more)), *parts[4:]])
