"""Where a layer of diffusers' UNet stands in the first code of Stable Diffusion 1.x, whose names the hosts use."""

import re

RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
ENDS = {
    "conv_in": "input_blocks.0.0",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
IN_BLOCK = re.compile(r"(down|up)_blocks\.(\d)\.(resnets|attentions)\.(\d)\.(.+)")
IN_MIDDLE = re.compile(r"mid_block\.(resnets|attentions)\.(\d)\.(.+)")
SAMPLER = re.compile(r"(down|up)_blocks\.(\d)\.(?:down|up)samplers\.0\.conv")
# What the hosts know of a UNet of this shape: two resnets a level, attention in all levels but the deepest.
UNET_CONFIG = {
    "num_res_blocks": [2, 2, 2, 2],
    "channel_mult": [1, 2, 4, 4],
    "transformer_depth": [1, 1, 1, 1, 1, 1, 0, 0],
    "transformer_depth_output": [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0],
    "transformer_depth_middle": 1,
}


def original(name: str) -> str:
    """The first code's name of a layer, ``down_blocks.0.attentions.1.proj_in`` is ``input_blocks.2.1.proj_in``."""
    if name in ENDS:
        return ENDS[name]
    if match := IN_BLOCK.fullmatch(name):
        side, level, kind, index, inner = match.groups()
        number = 3 * int(level) + int(index)
        block = f"input_blocks.{number + 1}" if side == "down" else f"output_blocks.{number}"
        return f"{block}.{_inner(kind, inner)}"
    if match := IN_MIDDLE.fullmatch(name):
        kind, index, inner = match.groups()
        return f"middle_block.{2 * int(index) + (kind == 'attentions')}.{_inner(kind, inner)[2:]}"
    if match := SAMPLER.fullmatch(name):
        side, level = match[1], int(match[2])
        if side == "down":
            return f"input_blocks.{3 * level + 3}.0.op"
        return f"output_blocks.{3 * level + 2}.{2 if level else 1}.conv"
    raise KeyError(name)


def _inner(kind: str, inner: str) -> str:
    return f"0.{RESNET[inner]}" if kind == "resnets" else f"1.{inner}"
