"""Which layers AUTOMATIC1111 and ComfyUI have, and how they find them from a kohya name, restated as tables.

For Stable Diffusion 1.x's shape: 2 resnets a block, attention in all but the deepest. The original (LDM) model numbers
its blocks through: input_blocks 0-11 with the down-samplers at 3, 6, 9; output_blocks 0-11 three a level.
"""

import re

RESNET = {
    "conv1": "in_layers.2",
    "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1",
    "conv_shortcut": "skip_connection",
}
TRANSFORMER = (
    "attn1.to_q", "attn1.to_k", "attn1.to_v", "attn1.to_out.0", "attn2.to_q", "attn2.to_k", "attn2.to_v",
    "attn2.to_out.0", "ff.net.0.proj", "ff.net.2",
)  # fmt: skip
TEXT = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj", "mlp.fc1", "mlp.fc2")


def attention(place):
    """Weights of a spatial transformer below a place."""
    inner = [f"{place}.transformer_blocks.0.{name}" for name in TRANSFORMER]
    return [f"{place}.proj_in", f"{place}.proj_out", *inner]


def ldm_layers():
    """Names of the layers of Stable Diffusion 1.x as its first code numbers them."""
    found = {"input_blocks.0.0", *(f"input_blocks.{n}.0.op" for n in (3, 6, 9))}
    places = [(f"input_blocks.{n}", n < 9) for n in (1, 2, 4, 5, 7, 8, 10, 11)]
    places += [(f"output_blocks.{n}", n > 2) for n in range(12)]
    for place, attends in places:
        found |= {f"{place}.0.{name}" for name in RESNET.values()}
        found |= set(attention(f"{place}.1")) if attends else set()
    found |= {f"middle_block.{n}.{name}" for n in (0, 2) for name in RESNET.values()}
    found |= {
        *attention("middle_block.1"),
        "output_blocks.2.1.conv",
        "output_blocks.5.2.conv",
        "output_blocks.8.2.conv",
    }
    return found


def diffusers_to_ldm():
    """ComfyUI's table: a diffusers layer name to the original's."""
    table = {}

    def block(here, there, resnet, attends):
        for name, original in RESNET.items():
            table[f"{here}.resnets.{resnet}.{name}"] = f"{there}.0.{original}"
        if attends:
            for name in attention("x"):
                table[f"{here}.attentions.{resnet}.{name[2:]}"] = f"{there}.1.{name[2:]}"

    for level in range(4):
        for i in range(2):
            block(f"down_blocks.{level}", f"input_blocks.{1 + 3 * level + i}", i, level < 3)
        for i in range(3):
            block(f"up_blocks.{level}", f"output_blocks.{3 * level + i}", i, level > 0)
        if level < 3:
            table[f"down_blocks.{level}.downsamplers.0.conv"] = f"input_blocks.{3 + 3 * level}.0.op"
            table[f"up_blocks.{level}.upsamplers.0.conv"] = f"output_blocks.{2 + 3 * level}.{2 if level else 1}.conv"
    for n in range(2):
        for name, original in RESNET.items():
            table[f"mid_block.resnets.{n}.{name}"] = f"middle_block.{2 * n}.{original}"
    for name in attention("x"):
        table[f"mid_block.attentions.0.{name[2:]}"] = f"middle_block.1.{name[2:]}"
    return table


def comfy_key_map(layers):
    """{kohya name: layer} as ComfyUI builds it: dots of the diffusers name become underscores."""
    table = {f"lora_unet_{name.replace('.', '_')}": original for name, original in diffusers_to_ldm().items()}
    for n in range(layers):
        for name in TEXT:
            key = f"lora_te_text_model_encoder_layers_{n}_{name.replace('.', '_')}"
            table[key] = f"text_model.encoder.layers.{n}.{name}"
    return table


def automatic_name(key):
    """AUTOMATIC1111's road: patterns over the kohya name give the original's name, with underscores."""
    places = (
        (r"lora_unet_down_blocks_(\d+)_(attentions|resnets)_(\d+)_(.+)", "input_blocks", 1),
        (r"lora_unet_up_blocks_(\d+)_(attentions|resnets)_(\d+)_(.+)", "output_blocks", 0),
    )
    suffixes = {name: original.replace(".", "_") for name, original in RESNET.items()}
    for pattern, place, first in places:
        found = re.fullmatch(pattern, key)
        if found:
            number, kind = first + int(found[1]) * 3 + int(found[3]), 1 if found[2] == "attentions" else 0
            return f"{place}_{number}_{kind}_{suffixes.get(found[4], found[4])}"
    found = re.fullmatch(r"lora_unet_mid_block_(attentions|resnets)_(\d+)_(.+)", key)
    if found:
        place = 1 if found[1] == "attentions" else 2 * int(found[2])
        return f"middle_block_{place}_{suffixes.get(found[3], found[3])}"
    found = re.fullmatch(r"lora_unet_down_blocks_(\d+)_downsamplers_0_conv", key)
    if found:
        return f"input_blocks_{3 + int(found[1]) * 3}_0_op"
    found = re.fullmatch(r"lora_unet_up_blocks_(\d+)_upsamplers_0_conv", key)
    if found:
        return f"output_blocks_{2 + int(found[1]) * 3}_{2 if int(found[1]) else 1}_conv"
    found = re.fullmatch(r"lora_te_text_model_encoder_layers_(\d+)_(.+)", key)
    return f"text_model_encoder_layers_{found[1]}_{found[2]}" if found else key
